/**
 * What the mini server knows of one connection, and what an answer is.
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

/** What is said to a command: a reply, several, or nothing at all (`undefined`). */
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
  /** As CLIENT ID says. */
  readonly id: number;
  /** Says something that was not asked for: a message, or a reply that comes late. */
  readonly send: (value: Wire) => void;
  /** What HELLO agreed on. */
  protocol: 2 | 3 = 2;
  /** The database of SELECT. */
  db = 0;
  /** The name of CLIENT SETNAME. */
  name = "";
  /** What CLIENT SETINFO said. */
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

  /** Back to what a new connection is. */
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
