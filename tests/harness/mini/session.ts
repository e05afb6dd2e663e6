/**
 * The state of one connection, and the type of replies.
 *
 * @module
 */
import type { Wire } from "../resp.ts";

/** Several replies to one command, as SUBSCRIBE gives for several channels. */
export class Many {
  /** The replies, in order. */
  readonly values: readonly Wire[];
  /** Makes one. */
  constructor(values: readonly Wire[]) {
    this.values = values;
  }
}

/** The reply to a command: one, several, or none (`undefined`). */
export type Answer = Wire | Many | undefined;

/** A command that has been received. */
export interface Received {
  /** The name in capitals, then the arguments as text. */
  readonly words: readonly string[];
  /** The same as the bytes that came. */
  readonly raw: readonly Uint8Array[];
}

/** The state of one connection. */
export class Session {
  /** The CLIENT ID. */
  readonly id: number;
  /** Sends data without a request: a message, or a late reply. */
  readonly send: (value: Wire) => void;
  /** The protocol from HELLO. */
  protocol: 2 | 3 = 2;
  /** The database of SELECT. */
  db = 0;
  /** The name of CLIENT SETNAME. */
  name = "";
  /** The values of CLIENT SETINFO. */
  readonly info: Map<string, string> = new Map();
  /** The user of AUTH; `undefined` before. */
  user: string | undefined;
  /** Commands between MULTI and EXEC; `undefined` outside. */
  queue: Received[] | undefined;
  /** A command was refused between MULTI and EXEC. */
  spoiled = false;
  /** Watched keys and the versions that they had. */
  readonly watched: Map<string, number> = new Map();
  /** Subscriptions, as `kind:name` with kind `""`, `"p"` or `"s"`. */
  readonly subscriptions: Set<string> = new Set();

  /** Makes the state of a new connection. */
  constructor(id: number, send: (value: Wire) => void) {
    this.id = id;
    this.send = send;
  }

  /** Resets the state to that of a new connection. */
  reset(): void {
    this.protocol = 2;
    this.db = 0;
    this.name = "";
    this.user = undefined;
    this.queue = undefined;
    this.spoiled = false;
    this.watched.clear();
    this.subscriptions.clear();
  }
}
