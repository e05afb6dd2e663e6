/**
 * Commands as values: `redis.get("k")` executes one, and a pipeline contains them.
 *
 * @module
 */
import type { Arg, Reply } from "../resp/types.ts";

/** The properties of a command, as bits. */
export const CommandFlag = {
  /** Read-only, so it may be repeated. */
  readonly: 1,
  /** May change data. */
  write: 2,
  /** May block on the server, so it uses a dedicated connection. */
  blocking: 4,
  /** Changes the state of the connection, so the shared connection refuses it. */
  stateful: 8,
  /** Running it twice is the same as running it once: the same state, and the same reply. */
  idempotent: 16,
  /** Its reply is no text (DUMP): clients of text decode its strings as bytes too. */
  binary: 32,
  /** A script whose source is at hand (`ScriptCommand`): where the server does not know it, it can be sent whole. */
  scripted: 64,
  /**
   * Runs other code than the server's own (a script, a function, a module), or is unknown: that code may return any
   * error.
   */
  opaque: 128,
  /** A read that no replica may answer: its cursor is of one server, or the client itself relies on its reply. */
  master: 256,
} as const;

/** The positions of keys in `Command.args`, without the words of the name. */
export type KeySpec =
  /** From `first` to `last` in steps of `step`. A negative `last` counts from the end: -1 is the last argument. */
  | { readonly first: number; readonly last: number; readonly step: number }
  /** The number of keys stands at `count`, the keys from `first` on. */
  | { readonly count: number; readonly first: number; readonly step: number }
  /**
   * After the token `keyword` (searched from `from`), then as with `first`/`last`/`step`. `limit` n: only the first
   * 1/n of them.
   */
  | {
    readonly keyword: string;
    readonly from: number;
    readonly last: number;
    readonly step: number;
    readonly limit: number;
  };

/** The properties that all values of one command share. */
export interface CommandSpec {
  /** The name as documented: `"GET"`, `"CONFIG GET"`. */
  readonly name: string;
  /** The words of the name, encoded as bulk strings, ready to be copied. */
  readonly head: Uint8Array;
  /** The number of words of the name. */
  readonly words: number;
  /** Bits of {@linkcode CommandFlag}. */
  readonly flags: number;
  /** The positions of the keys. */
  readonly keys: readonly KeySpec[];
  /** The server's request_policy for clusters (`"all_nodes"`, `"all_shards"`, `"multi_shard"`, `"special"`), where there is one. */
  readonly requestPolicy?: string;
  /** The server's response_policy for clusters (`"one_succeeded"`, `"all_succeeded"`, `"agg_sum"`, ...), where there is one. */
  readonly responsePolicy?: string;
}

/**
 * Converts a decoded reply (text or bytes, RESP2 or RESP3) to its typed value. `bytes` is true if strings were
 * decoded as bytes, which an empty reply does not show.
 */
export type ReplyParser = (reply: Reply, bytes?: boolean) => unknown;

/**
 * A command with its arguments, not yet executed. Immutable: it can be executed any number of times.
 *
 * @typeParam T the reply's type for a client of text (the default)
 * @typeParam B the reply's type for a client of bytes (`redis.bytes()`)
 */
export class Command<T = unknown, B = T> {
  /** The properties of the command. */
  readonly spec: CommandSpec;
  /** The arguments behind the name. */
  readonly args: readonly Arg[];
  /** Makes the typed reply; absent where the decoded reply is the typed one already. */
  readonly parse: ReplyParser | undefined;
  /** Carries the reply's types; no value. */
  declare readonly "~reply"?: { readonly text: T; readonly bytes: B };

  /** Users call the command's function instead: `get("k")`. */
  constructor(spec: CommandSpec, args: readonly Arg[], parse?: ReplyParser) {
    this.spec = spec;
    this.args = args;
    this.parse = parse;
  }

  /**
   * The same command with other arguments, as many as it has.
   *
   * @internal
   */
  withArguments(args: readonly Arg[], parse: ReplyParser | undefined = this.parse): Command<T, B> {
    return new Command<T, B>(this.spec, args, parse);
  }
}

/** Whether a replica may answer a command. */
export function mayReadReplica({ spec: { flags } }: { readonly spec: { readonly flags: number } }): boolean {
  return (flags & (CommandFlag.readonly | CommandFlag.master)) === CommandFlag.readonly;
}

const ascii = /* @__PURE__ */ new TextEncoder();

/** Describes a command; the generated groups are lists of these. */
export function defineCommand(
  name: string,
  flags: number,
  keys: readonly KeySpec[] = [],
  requestPolicy?: string,
  responsePolicy?: string,
): CommandSpec {
  const words = name.split(" ");
  const head = ascii.encode(words.map((word) => `$${word.length}\r\n${word}\r\n`).join(""));
  return { name, head, words: words.length, flags, keys, requestPolicy, responsePolicy };
}
