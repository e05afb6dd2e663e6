/**
 * The options and the result of `top()`.
 *
 * @module
 */
import type { Transport } from "../../transport.ts";
import type { ClientSample, WatchedClient } from "./clients.ts";
import type { Sample } from "./sample.ts";

/** The samples of one time. */
export interface TopView {
  /** The server, or the nodes of a cluster, by their addresses. */
  readonly servers: readonly Sample[];
  /** The clients of this process, in the order of the option. */
  readonly clients: readonly ClientSample[];
}

/** The options of `top()`. */
export interface TopOptions {
  /** Milliseconds between samples. Default 1,000. */
  readonly interval?: number;
  /** Ends after so many samples. Default: never. */
  readonly count?: number;
  /** Milliseconds to wait for each reply; a server that takes longer is shown with an error. Default 2,000. */
  readonly timeout?: number;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Clients and pools of this process by the names to show. Default none. */
  readonly clients?: Readonly<Record<string, WatchedClient>>;
  /** Receives each view. Default: it is printed, drawn anew each time in a terminal. */
  readonly onSample?: (view: TopView) => void;
  /** Connects to the server. Default: that of the runtime. */
  readonly transport?: Transport;
}
