/**
 * Lua scripts as commands: sent by their SHA-1, and whole where the server does not know them.
 *
 * @module
 */
import { snapshot } from "../resp/snapshot.ts";
import type { Arg, Reply } from "../resp/types.ts";
import { Command, CommandFlag, type CommandSpec } from "./command.ts";
import { sha1 } from "./sha1.ts";
import { EVAL, EVAL_RO, EVALSHA, EVALSHA_RO } from "./function_specs.ts";

/** The keys and arguments of a script. */
export interface ScriptOptions {
  /** Its `KEYS`. Every key that it touches must be among them, for a cluster to find its place. */
  readonly keys?: readonly Arg[];
  /** Its `ARGV`. */
  readonly args?: readonly Arg[];
  /**
   * Whether the script is read-only, so it may be repeated and run on replicas (EVAL_RO; Redis 7.0). Default `false`.
   */
  readonly readOnly?: boolean;
}

/** A script that was made once and is called often: a function that makes commands. */
export interface Script<T> {
  /** The command that runs it with these keys and arguments. */
  (keys?: readonly Arg[], args?: readonly Arg[]): Command<T>;
  /** The source, as given. */
  readonly source: string;
  /** The SHA-1 digest by which servers know the script. */
  readonly sha1: string;
}

const BY_DIGEST: CommandSpec = /* @__PURE__ */ scripted(EVALSHA);
const BY_DIGEST_RO: CommandSpec = /* @__PURE__ */ scripted(EVALSHA_RO);
const WHOLE: CommandSpec = /* @__PURE__ */ scripted(EVAL);
const WHOLE_RO: CommandSpec = /* @__PURE__ */ scripted(EVAL_RO);

function scripted(spec: CommandSpec): CommandSpec {
  return { ...spec, flags: spec.flags | CommandFlag.scripted };
}

/** EVAL of a script: the server knows it from then on. */
export class WholeScript<T = unknown> extends Command<T> {
  /** The SHA-1 of its source. */
  readonly digest: string;
  /** In a cluster, the slot of a script without keys, from `with({ slot })` or `with({ key })`. */
  readonly slot: number | undefined;

  /** Made by the script. */
  constructor(spec: CommandSpec, args: readonly Arg[], { digest, slot }: ScriptCommand) {
    super(spec, args);
    this.digest = digest;
    this.slot = slot;
  }
}

/** EVALSHA of a script whose source is at hand. */
export class ScriptCommand<T = unknown> extends Command<T> {
  /** The SHA-1 of its source. */
  readonly digest: string;
  /** In a cluster, the slot of a script without keys, from `with({ slot })` or `with({ key })`. */
  readonly slot: number | undefined;
  readonly #source: string;
  readonly #readOnly: boolean;

  /** Users call `script()` or `createScript()`. */
  constructor(
    source: string,
    digest: string,
    readOnly: boolean,
    keys: readonly Arg[],
    args: readonly Arg[],
    slot?: number,
  ) {
    // Copied here, because the command may be sent later and again.
    super(readOnly ? BY_DIGEST_RO : BY_DIGEST, snapshot([digest, keys.length, ...keys, ...args], false));
    this.digest = digest;
    this.slot = slot;
    this.#source = source;
    this.#readOnly = readOnly;
  }

  /** @inheritdoc */
  override withArguments([, count, ...rest]: readonly Arg[]): ScriptCommand<T> {
    const keys = rest.slice(0, Number(count));
    return new ScriptCommand(
      this.#source,
      this.digest,
      this.#readOnly,
      keys,
      rest.slice(keys.length),
      this.slot,
    );
  }

  /** The same for servers without read-only variants. */
  get writing(): ScriptCommand<T> {
    return this.#with(false, this.slot);
  }

  /** The same with its source. */
  get whole(): WholeScript<T> {
    return new WholeScript(this.#readOnly ? WHOLE_RO : WHOLE, [this.#source, ...this.args.slice(1)], this);
  }

  /** Whether it is sent as a read-only variant. */
  get readOnly(): boolean {
    return this.#readOnly;
  }

  /** The same for a slot of a cluster. */
  at(slot: number): ScriptCommand<T> {
    return this.#with(this.#readOnly, slot);
  }

  #with(readOnly: boolean, slot: number | undefined): ScriptCommand<T> {
    const [, count, ...rest] = this.args;
    const keys = rest.slice(0, Number(count));
    return new ScriptCommand(this.#source, this.digest, readOnly, keys, rest.slice(keys.length), slot);
  }
}

/** SHA-1 by source, of the scripts that were used last. */
const digests: Map<string, string> = new Map();
const MOST = 256;

function digestOf(source: string): string {
  if (typeof source !== "string") throw new TypeError("Cannot make a script: its source must be text");
  let digest = digests.get(source);
  if (digest === undefined) {
    // The oldest is evicted. A program that creates a new source for each call gains nothing from this cache.
    if (digests.size >= MOST) {
      for (const oldest of digests.keys()) {
        digests.delete(oldest);
        break;
      }
    }
    digests.set(source, digest = sha1(source));
  }
  return digest;
}

/**
 * Runs a Lua script: EVALSHA, with its source where the server does not know it. Keep the source the same and pass
 * what varies as arguments, or the server's cache fills up.
 *
 * @typeParam T its reply's type; the script's own business
 *
 * @example
 * ```ts
 * import { Redis, script } from "@keywire/redis";
 *
 * await using redis = new Redis();
 * await redis.execute(script<number>("return redis.call('INCRBY', KEYS[1], ARGV[1])", { keys: ["n"], args: [2] }));
 * ```
 */
export function script<T = Reply>(source: string, options: ScriptOptions = {}): Command<T> {
  const { keys = [], args = [], readOnly = false } = options;
  return new ScriptCommand(source, digestOf(source), readOnly, keys, args);
}

/**
 * Returns a function that creates commands of a Lua script from keys and arguments.
 *
 * @throws {RangeError} from that function, if the number of keys differs from `numberOfKeys`.
 *
 * @example
 * ```ts
 * import { createScript, Redis } from "@keywire/redis";
 *
 * const add = createScript<number>("return redis.call('INCRBY', KEYS[1], ARGV[1])", { numberOfKeys: 1 });
 * await using redis = new Redis();
 * await redis.execute(add(["n"], [2]));
 * await redis.pipeline().execute(add(["n"], [2])).get("n").exec();
 * ```
 */
export function createScript<T = Reply>(
  source: string,
  options: { readonly numberOfKeys?: number; readonly readOnly?: boolean } = {},
): Script<T> {
  const { numberOfKeys, readOnly = false } = options;
  const digest = digestOf(source);
  const make = (keys: readonly Arg[] = [], args: readonly Arg[] = []): Command<T> => {
    if (numberOfKeys !== undefined && keys.length !== numberOfKeys) {
      throw new RangeError(
        `Cannot make a script: it takes ${numberOfKeys} keys, and ${keys.length} were given`,
      );
    }
    return new ScriptCommand(source, digest, readOnly, keys, args);
  };
  return Object.assign(make, { source, sha1: digest });
}
