/**
 * What the holder of a connection did to its state, so that the next one finds it as it was.
 *
 * @module
 */
import { RedisError } from "../errors.ts";
import type { Arg } from "../resp/types.ts";

/** Commands after which a connection cannot be put right by another command: it is replaced. */
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

/** Commands after which the state is not known when they were noted and then not sent. */
const UNDONE: ReadonlySet<string> = new Set(["MULTI", "EXEC", "DISCARD", "SELECT"]);

/** Follows the commands that change the state of a connection. */
export class SessionState {
  /** Between MULTI and EXEC or DISCARD. */
  inTransaction = false;
  /** Keys are watched. */
  watching = false;
  /** The database, if it is another than the connection's own. */
  #db: number;
  readonly #home: number;
  #tainted = false;

  /** `db` is the connection's own database. */
  constructor(db: number) {
    this.#home = db;
    this.#db = db;
  }

  /** Why a command cannot be sent on any connection of ours, or not now; `undefined`: it can. */
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
      // The confirmations would stand within EXEC's reply, where RESP3 allows no push.
      return refused(name, "the connection is in a transaction; use it before MULTI or after EXEC");
    }
    return undefined;
  }

  /** Notes a command that is about to be sent; `name` may be one word or two. */
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

  /** Notes that a command that was noted has not been sent after all. */
  unnote(name: string): void {
    if (name === "UNWATCH") this.watching = true;
    else if (UNDONE.has(name)) this.#tainted = true;
  }

  /** Notes that nobody knows what was sent. */
  taint(): void {
    this.#tainted = true;
  }

  /** Whether nothing can put the connection right. */
  get tainted(): boolean {
    return this.#tainted;
  }

  /** The commands that put the connection right; none when it is as it was. */
  resetCommands(): Arg[][] {
    const commands: Arg[][] = [];
    if (this.inTransaction) commands.push(["DISCARD"]);
    else if (this.watching) commands.push(["UNWATCH"]);
    if (this.#db !== this.#home) commands.push(["SELECT", this.#home]);
    return commands;
  }
}

/** The name by which a command given as words is known here: two words for CLIENT. */
export function stateName(words: readonly Arg[]): string {
  const first = wordOf(words[0]);
  return first === "CLIENT" ? `CLIENT ${wordOf(words[1])}` : first;
}

/** A word of a name in capitals; servers take one that is given as bytes, too. */
function wordOf(word: Arg | undefined): string {
  if (typeof word === "string") return word.toUpperCase();
  if (typeof word === "number" || typeof word === "bigint") return String(word);
  return word instanceof Uint8Array && word.length < 32 ? String.fromCharCode(...word).toUpperCase() : "";
}

function refused(name: string, why: string): RedisError {
  return new RedisError(`Cannot run ${name}: ${why}`, { code: "STATEFUL", executed: "no" });
}
