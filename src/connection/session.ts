/**
 * The state of a connection at the server, as its user changed it, so that a pool can reset it.
 *
 * @module
 */
import { RedisError } from "../errors.ts";
import type { Arg } from "../resp/types.ts";

/** Commands whose effect no command resets: the pool replaces the connection. */
const TAINTING: ReadonlySet<string> = new Set([
  "AUTH",
  "HELLO",
  "RESET",
  "QUIT",
  "MONITOR",
  "SYNC",
  "PSYNC",
  "REPLCONF",
  "ASKING",
  "READONLY",
  "READWRITE",
  "CLIENT REPLY",
  "CLIENT TRACKING",
  "CLIENT CACHING",
  "CLIENT NO-EVICT",
  "CLIENT NO-TOUCH",
  "CLIENT SETNAME",
]);

/** Commands after which the state is unknown if they were noted and then dropped. */
const UNDONE: ReadonlySet<string> = new Set(["MULTI", "EXEC", "DISCARD", "SELECT"]);

/** Follows the commands that change the state of a connection. */
export class SessionState {
  /** Whether the connection is between MULTI and EXEC or DISCARD. */
  inTransaction = false;
  /** Whether keys are watched. */
  watching = false;
  /** The selected database. */
  #db: number;
  readonly #home: number;
  #tainted = false;

  /** `db` is the connection's own database. */
  constructor(db: number) {
    this.#home = db;
    this.#db = db;
  }

  /** Returns the error for a command that cannot be sent at all, or not now; `undefined` if it can. */
  refusal(name: string, args: readonly Arg[]): RedisError | undefined {
    if (name === "CLIENT REPLY") {
      const mode = wordOf(args[args.length - 1]);
      if (mode !== "OFF" && mode !== "SKIP") return undefined;
      return refused(
        `CLIENT REPLY ${mode}`,
        "every command here waits for its reply; not to wait, leave its promise alone",
      );
    }
    if (this.inTransaction && name.endsWith("SUBSCRIBE")) {
      // The confirmations would be inside EXEC's reply, where RESP3 allows no push.
      return refused(name, "the connection is in a transaction; use it before MULTI or after EXEC");
    }
    return undefined;
  }

  /** Notes a command that is about to be sent; `name` is one word or two. */
  note(name: string, args: readonly Arg[]): void {
    switch (name) {
      case "MULTI":
        this.inTransaction = true;
        return;
      case "EXEC":
      case "DISCARD":
        this.inTransaction = this.watching = false;
        return;
      case "WATCH":
        this.watching = true;
        return;
      case "UNWATCH":
        this.watching = false;
        return;
      case "SELECT":
        this.#db = Number(wordOf(args[0]));
        return;
      default:
        if (TAINTING.has(name)) this.#tainted = true;
    }
  }

  /** Takes back the note of a command that was dropped before it was sent. */
  unnote(name: string): void {
    if (name === "UNWATCH") this.watching = true;
    else if (UNDONE.has(name)) this.#tainted = true;
  }

  /** Marks the state as unknown. */
  taint(): void {
    this.#tainted = true;
  }

  /** Whether no command can reset the connection. */
  get tainted(): boolean {
    return this.#tainted;
  }

  /** Returns the commands that reset the connection; none if it is unchanged. */
  resetCommands(): Arg[][] {
    const commands: Arg[][] = [];
    if (this.inTransaction) commands.push(["DISCARD"]);
    else if (this.watching) commands.push(["UNWATCH"]);
    if (this.#db !== this.#home) commands.push(["SELECT", this.#home]);
    return commands;
  }
}

/** Returns the name of a command given as words: two words for CLIENT. */
export function stateName(words: readonly Arg[]): string {
  const first = wordOf(words[0]);
  return first === "CLIENT" ? `CLIENT ${wordOf(words[1])}` : first;
}

/** Returns a word of a name in capitals; it may be given as bytes. */
function wordOf(word: Arg | undefined): string {
  if (typeof word === "string") return word.toUpperCase();
  if (typeof word === "number" || typeof word === "bigint") return String(word);
  return word instanceof Uint8Array && word.length < 32 ? String.fromCharCode(...word).toUpperCase() : "";
}

function refused(name: string, why: string): RedisError {
  return new RedisError(`Cannot run ${name}: ${why}`, { code: "STATEFUL", executed: "no" });
}
