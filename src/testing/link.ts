/**
 * The wire of a client, as its session sees it.
 *
 * @module
 */
import type { ReplyValue } from "./reply.ts";

/** The wire of a client. */
export interface Link {
  /** The address of the client: `127.0.0.1:50000`. */
  readonly address: string;
  /** The address of the server. */
  readonly localAddress: string;
  /** Adds a reply to what will be sent. */
  write(value: ReplyValue): void;
  /** The number of unsent bytes. */
  readonly pending: number;
  /** Removes output after that length. */
  cut(length: number): void;
  /** Sends it, soon. */
  flush(): void;
  /** Sends buffered output, then ends the connection; `now` discards the output. */
  close(now?: boolean): void;
  /** Continues with the waiting requests of a client that is no longer blocked. */
  resume(): void;
}
