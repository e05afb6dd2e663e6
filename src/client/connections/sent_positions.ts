/**
 * The positions of commands on the main connection: how many replies must arrive until those of a key have run.
 *
 * @module
 */
import type { Link } from "../../connection/link.ts";
import type { KnownKey } from "./known_keys.ts";
import type { MultiplexedConnection } from "./multiplexed_connection.ts";

/** Counts what was sent over the connection before. A closed connection sends later: then the caller notes it again. */
export class SentPositions {
  readonly #main: MultiplexedConnection;
  /** The number of replies, over this link, after which nothing is known to wait on the main connection. */
  #until = 0;
  #link: Link | undefined = undefined;

  /** Counts the commands of the main connection. */
  constructor(main: MultiplexedConnection) {
    this.#main = main;
  }

  /** A command with this key was sent. */
  note(key: KnownKey): void {
    const link = this.#main.connection?.link;
    if (link === undefined) return;
    key.link = link;
    key.until = position(link);
  }

  /** Commands with any keys were sent. */
  noteAll(): void {
    const link = this.#link = this.#main.connection?.link;
    if (link !== undefined) this.#until = position(link);
  }

  /** Returns the number of replies after which all commands with this key have run. */
  of(key: KnownKey, link: Link): number {
    // Commands that waited for the socket have a known position now.
    if (key.until === Infinity) key.until = position(link);
    if (this.#until === Infinity) this.#until = position(link);
    return Math.max(key.link === link ? key.until : 0, this.#link === link ? this.#until : 0);
  }
}

/** Returns the number of replies when all commands have been answered; `Infinity` while pipelines wait for the socket. */
export function position(link: Link): number {
  return link.busy ? Infinity : link.dispatcher.taken + link.pending;
}
