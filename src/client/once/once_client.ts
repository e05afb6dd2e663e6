/**
 * Writes that can be sent again: `redis.once(id).incr("n")`.
 *
 * @module
 */
import { blockingTime } from "../../commands/blocking.ts";
import { type Command, CommandFlag } from "../../commands/command.ts";
import { keysOf } from "../../commands/keys.ts";
import { CommandMethods } from "../../commands/methods.ts";
import { command } from "../../commands/raw.ts";
import type { Out, Wrap } from "../../commands/wrap.ts";
import { RedisError, ReplyError } from "../../errors.ts";
import { executedByReply } from "../../executed.ts";
import { type Arg, DecodeMode, type Reply } from "../../resp/types.ts";
import type { ClientCore } from "../client_core.ts";
import { type Call, prepared } from "../executor.ts";
import { statefulRefusal } from "../commands/unsupported_commands.ts";
import { Pipeline } from "../pipeline/pipeline.ts";
import { newOnceId, onceCall, type OnceOptions, onceTtl, preparedRecord } from "./once_record.ts";
import { multiOnce, ONCE_ERROR, singleOnce } from "./once_script.ts";

/** The maximum number of arguments that Lua can pass to a command, minus those of the script. */
const MOST_WORDS = 7_000;
const UNFIT = CommandFlag.blocking | CommandFlag.stateful | CommandFlag.opaque | CommandFlag.scripted;

/**
 * The commands of a client, each executed at most once for its id, however often it is sent. Made by `redis.once()`.
 *
 * @typeParam W what the client's methods return: promises of text, or of bytes
 */
export class OnceClient<W extends Wrap> extends CommandMethods<W> {
  readonly #core: ClientCore;
  readonly #call: Call;
  readonly #id: string | undefined;
  readonly #ttl: number;

  /** `redis.once()` makes it. */
  constructor(core: ClientCore, id: string | undefined, options: OnceOptions) {
    super();
    if (id !== undefined && (typeof id !== "string" || id === "")) {
      throw new TypeError("Cannot use the id of once(): it must be text, and not empty");
    }
    this.#core = core;
    this.#call = onceCall(core.call);
    this.#id = id;
    this.#ttl = onceTtl(options);
  }

  /**
   * Executes a write that was made as a value.
   *
   * @throws {RedisError} for a command without a key, one that writes nothing (code `NOT_A_WRITE`), one that blocks
   * (`BLOCKING`) and a script (`UNSUPPORTED`); with the code `ONCE_MISMATCH` if the id was used with another command, and
   * `ONCE_CANCELLED` after `outcome(id, { cancel: true })`.
   */
  override execute<T, B>(command: Command<T, B>): Out<W, T, B> {
    return this.#run(command);
  }

  /** Executes any write by its words. Its reply is not typed. */
  command<T = Reply>(name: string, ...args: Arg[]): Promise<T> {
    return this.execute(command(name, ...args)) as Promise<T>;
  }

  /**
   * Commands that run together, and together at most once: all keys must be in one slot. Reads may be among them.
   *
   * @example
   * ```ts
   * import { Redis } from "@keywire/redis";
   *
   * await using redis = new Redis();
   * const [stock] = await redis.once("order:17").multi().decr("{shop}:stock").rpush("{shop}:orders", 17).exec();
   * ```
   */
  multi(): Pipeline<W> {
    const executor = { executeAll: (commands: readonly Command[]) => this.#runAll(commands) };
    return new Pipeline({ executor, call: this.#call }, true);
  }

  async #run(given: Command): Promise<unknown> {
    const command = this.#prepare(given);
    const keys = check(command);
    if ((command.spec.flags & CommandFlag.write) === 0) {
      throw new RedisError(
        `Cannot run ${command.spec.name} with once(): it writes nothing; call it on the client, which retries it`,
        { code: "NOT_A_WRITE", executed: "no" },
      );
    }
    const { name } = command.spec;
    const reply = await this.#send(
      name,
      command.args.length,
      singleOnce(this.#terms(keys[0]!), keys, command),
    );
    return this.#parse(command, reply);
  }

  async #runAll(given: readonly Command[]): Promise<unknown[]> {
    if (given.length === 0) return [];
    const commands = given.map((one) => this.#prepare(one));
    const keys = commands.flatMap(check);
    if (commands.every(({ spec }) => (spec.flags & CommandFlag.write) === 0)) {
      throw new RedisError("Cannot run a transaction with once(): none of its commands writes", {
        code: "NOT_A_WRITE",
        executed: "no",
      });
    }
    const words = commands.reduce((sum, { args }) => sum + args.length + 3, 0);
    checkLength("the transaction", words + keys.length);
    try {
      const replies = await this.#send(
        "the transaction",
        undefined,
        multiOnce(this.#terms(keys[0]!), keys, commands),
      );
      return commands.map((command, at) => {
        const reply = (replies as readonly Reply[])[at] ?? null;
        if (reply instanceof Error) return reply;
        try {
          return this.#parse(command, reply);
        } catch (error) {
          return error;
        }
      });
    } catch (error) {
      this.#call.signal?.throwIfAborted();
      return commands.map(() => error);
    }
  }

  #terms(key: Arg): { record: Arg; ttl: number; named: boolean } {
    const { executor, options: { clock } } = this.#core;
    const id = this.#id ?? newOnceId(clock);
    return {
      record: preparedRecord(executor, id, executor.hasSlots === true ? key : undefined),
      ttl: this.#ttl,
      named: this.#id !== undefined,
    };
  }

  /** The command with its keys as they are sent: the script takes them from its arguments, too. */
  #prepare(command: Command): Command {
    return this.#core.executor.prepare?.(command) ?? command;
  }

  async #send(name: string, args: number | undefined, script: Command): Promise<Reply> {
    prepared.add(script);
    try {
      return await this.#core.executor.execute(script, this.#call) as Reply;
    } catch (error) {
      const explained = this.#explain(name, error);
      // Not EVALSHA, which the caller has not called.
      if (explained instanceof RedisError) {
        explained.command = args === undefined ? undefined : { name, args };
      }
      throw explained;
    }
  }

  /** The script fails only before anything has run; what its error proves is what it proves of a plain command. */
  #explain(name: string, error: unknown): unknown {
    if (error instanceof RedisError && error.code === "CROSSSLOT") {
      // The message of the script counts the key of the record, too.
      const message =
        `Cannot run ${name} with once(): its keys are in several slots; give them a common part in braces, as ` +
        "in {user1}:name and {user1}:mail";
      return new RedisError(message, { code: error.code, executed: error.executed, cause: error });
    }
    if (!(error instanceof ReplyError)) return error;
    if (error.code === ONCE_ERROR) {
      const mismatch = error.message.includes("MISMATCH");
      const why = mismatch
        ? "was used for another command; give each write an id of its own"
        : "was cancelled by outcome(id, { cancel: true })";
      return new RedisError(`Cannot run ${name}: the id ${JSON.stringify(this.#id)} ${why}`, {
        code: mismatch ? "ONCE_MISMATCH" : "ONCE_CANCELLED",
        executed: "no",
        cause: error,
      });
    }
    // An earlier attempt with an unknown outcome is the cause of later errors.
    if (error.cause !== undefined) return error;
    const executed = executedByReply(error.message, error.code);
    return executed === error.executed ? error : new ReplyError(error.message, { executed, cause: error });
  }

  #parse({ spec, parse }: Command, reply: Reply): unknown {
    const bytes = (this.#call.mode & DecodeMode.bytes) !== 0;
    if (parse !== undefined) {
      try {
        return parse(reply, bytes);
      } catch (cause) {
        const message = `Cannot make the reply of ${spec.name} into its type`;
        throw new RedisError(message, { code: "UNEXPECTED_REPLY", executed: "yes", cause });
      }
    }
    return INTEGERS.has(spec.name) && typeof reply !== "number" ? bigInteger(reply) : reply;
  }
}

/** Commands whose result the script reads again as text if it is beyond 2^53. */
const INTEGERS: ReadonlySet<string> = new Set(["INCR", "INCRBY", "DECR", "DECRBY", "HINCRBY"]);

function bigInteger(reply: Reply): Reply {
  if (typeof reply === "string") return BigInt(reply);
  return reply instanceof Uint8Array ? BigInt(new TextDecoder().decode(reply)) : reply;
}

/** Returns the keys of a command that can run in a script. */
function check(command: Command): Arg[] {
  const { flags, name } = command.spec;
  if ((flags & CommandFlag.stateful) !== 0) throw statefulRefusal(name);
  if ((flags & CommandFlag.blocking) !== 0 && blockingTime(command) > 0) {
    throw new RedisError(`Cannot run ${name} with once(): a script cannot wait`, {
      code: "BLOCKING",
      executed: "no",
    });
  }
  if ((flags & UNFIT & ~CommandFlag.blocking) !== 0) {
    throw new RedisError(`Cannot run ${name} with once(): a script runs no scripts and no unknown commands`, {
      code: "UNSUPPORTED",
      executed: "no",
    });
  }
  const keys = keysOf(command);
  if (keys.length === 0) {
    throw new RedisError(`Cannot run ${name} with once(): it has no key`, {
      code: "UNSUPPORTED",
      executed: "no",
    });
  }
  checkLength(name, command.args.length + keys.length);
  return keys;
}

function checkLength(name: string, words: number): void {
  if (words <= MOST_WORDS) return;
  throw new RangeError(
    `Cannot run ${name} with once(): a script takes at most ${MOST_WORDS} keys and arguments, and it has ${words}`,
  );
}
