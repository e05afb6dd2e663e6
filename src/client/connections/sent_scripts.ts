/**
 * The scripts that a connection has carried whole.
 *
 * The first call of a script over a connection is sent whole, so that no NOSCRIPT lets later calls get ahead of it.
 * This is decided when the command is sent: a command that waited, or is sent again, may go over another connection.
 *
 * @module
 */
import type { ScriptCommand, WholeScript } from "../../commands/script.ts";
import type { Connection } from "../../connection/connection.ts";
import type { Pending } from "../../connection/pending.ts";
import { LazySet } from "../../lazy_set.ts";
import { ReplyError } from "../../errors.ts";

/** The number of scripts that are remembered; beyond it, all are forgotten. */
const MOST = 256;

/** Remembers the digests of scripts for as long as a connection is in use. */
export class SentScripts {
  #connection: Connection | undefined = undefined;
  readonly #digests: LazySet<string> = new LazySet();

  /** Forgets all scripts. */
  clear(): void {
    this.#connection = undefined;
    this.#digests.clear();
  }

  /** Makes a script whole if it is the first call over this connection. For commands with the flag `scripted`. */
  prepare(pending: Pending, connection: Connection): void {
    if (connection !== this.#connection) {
      this.clear();
      this.#connection = connection;
    }
    const digests = this.#digests;
    const command = pending.command as ScriptCommand | WholeScript;
    const { digest } = command;
    if (digests.has(digest)) return;
    if ("whole" in command) pending.command = command.whole;
    if (digests.size >= MOST) digests.clear();
    digests.add(digest);
    pending.onSettled((error) => {
      // Refused, or dropped before it was sent: the server has not seen the source.
      if (error !== undefined && !(error instanceof ReplyError && error.executed !== "no")) {
        digests.delete(digest);
      }
    });
  }
}
