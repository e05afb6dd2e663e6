/**
 * A command of the ioredis face: a name, arguments, and the promise that its reply settles.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { slotOf } from "../../cluster/routing/slot.ts";
import type { Sendable } from "../../connection/pending.ts";
import type { Arg, Reply } from "../../resp/types.ts";
import { CommandFlag } from "../../commands/command.ts";
import { blockingTimeout, type FlagName, FLAGS, hasFlag } from "./command_flags.ts";
import { keyPlaces } from "./command_table.ts";
import { friendlyStack } from "./friendly_stack.ts";
import {
  bytesToText,
  convertReply,
  decodeMode,
  type ReplyContext,
  type ReplyMappingMode,
  type ReplyTransformer,
  replyTransformers,
} from "./reply.ts";
import { asCallback, type Callback, toArgument } from "./support.ts";

/** An argument of a command: a value, or a list of values. */
// deno-lint-ignore no-explicit-any
export type ArgumentType = string | Buffer | number | (string | Buffer | number | any[])[];

/** How a command is made. */
export interface CommandOptions {
  /** `"utf8"` for text; null or nothing for Buffers. */
  replyEncoding?: string | null;
  /** Where the caller stood, for `showFriendlyErrorStack`. */
  errorStack?: Error;
  /** What stands before each key. */
  keyPrefix?: string | Buffer;
  /** Whether a replica may run it. */
  readOnly?: boolean;
}

// deno-lint-ignore no-explicit-any
type ArgumentTransformer = (args: any[]) => any[];

function pairsOf(value: unknown): unknown[] | undefined {
  if (value instanceof Map) return [...value].flat(1);
  if (typeof value === "object" && value !== null) return Object.entries(value).flat(1);
  return undefined;
}

const assignments: ArgumentTransformer = (args) => (args.length === 1 && pairsOf(args[0])) || args;

const fields: ArgumentTransformer = (args) => {
  const pairs = args.length === 2 ? pairsOf(args[1]) : undefined;
  return pairs === undefined ? args : [args[0], ...pairs];
};

const utf8 = new TextEncoder();
const heads: Map<string, Sendable["spec"]> = new Map();
/** Names whose encoding is kept; programs that make up names must not fill the memory. */
const MOST_HEADS = 1_000;

/** The encoded name of a command, as it was written. */
export function specOf(name: string): Sendable["spec"] {
  const known = heads.get(name);
  if (known !== undefined) return known;
  const { length } = utf8.encode(name);
  const head = utf8.encode(`$${length}\r\n${name}\r\n`);
  const spec = { name: name.toUpperCase(), head, words: 1, flags: CommandFlag.opaque };
  if (heads.size < MOST_HEADS) heads.set(name, spec);
  return spec;
}

/** A command, which a client's `sendCommand` sends. */
export class Command {
  /** Names of commands by what is special about them. */
  static readonly FLAGS: typeof FLAGS = FLAGS;
  /** @internal */
  static _transformer: {
    argument: Record<string, ArgumentTransformer>;
    reply: Record<string, ReplyTransformer>;
  } = {
    argument: { mset: assignments, msetnx: assignments, hset: fields, hmset: fields },
    reply: replyTransformers(),
  };

  /** Returns whether a command is in a list of {@linkcode Command.FLAGS}. */
  static checkFlag(flag: FlagName, name: string): boolean {
    return hasFlag(flag, name);
  }

  /** Sets what changes the arguments of a command before it is sent. */
  static setArgumentTransformer(name: string, transformer: ArgumentTransformer): void {
    this._transformer.argument[name] = transformer;
  }

  /** Sets what changes the reply of a command before its caller gets it. */
  static setReplyTransformer(name: string, transformer: ReplyTransformer): void {
    this._transformer.reply[name] = transformer;
  }

  /** The name, as it is sent. */
  name: string;
  /** The arguments: text and Buffers. */
  // deno-lint-ignore no-explicit-any
  args: any[];
  /** @internal */
  ignore?: boolean;
  /** Whether a replica may run it. */
  isReadOnly?: boolean;
  /** Whether it stands between MULTI and EXEC of a pipeline. */
  inTransaction = false;
  /** Its place in a pipeline. */
  pipelineIndex?: number;
  /** @internal */
  isTraced = false;
  /** Whether it has resolved. */
  isResolved = false;
  /** Whether it has settled. */
  isSettled = false;
  /** Rejects the promise. */
  // deno-lint-ignore no-explicit-any
  reject!: (error: any) => void;
  /** Resolves the promise with a reply. */
  // deno-lint-ignore no-explicit-any
  resolve!: (reply: any) => void;
  /** Settles with the reply. */
  // deno-lint-ignore no-explicit-any
  promise!: Promise<any>;
  #text: boolean;
  #errorStack: Error | undefined;
  #callback: Callback | undefined;
  #protocol: 2 | 3 = 2;
  #mapping: ReplyMappingMode = "legacy";
  #stringNumbers = false;
  #transformed = false;
  #keys: (string | Buffer)[] | undefined = undefined;
  #slot: number | null | undefined = undefined;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  #blockingTimer: ReturnType<typeof setTimeout> | undefined = undefined;
  #blockingDeadline: number | undefined = undefined;

  /** Makes a command; arrays among `args` are flattened by one level. */
  constructor(
    name: string,
    args: ArgumentType[] = [],
    options: CommandOptions | null = {},
    callback?: Callback,
  ) {
    options ??= {};
    this.name = name;
    this.#text = Boolean(options.replyEncoding);
    this.#errorStack = options.errorStack;
    this.args = args.flat();
    this.#callback = callback;
    this.initPromise();
    if (options.keyPrefix) this.#prefixKeys(options.keyPrefix);
    if (options.readOnly) this.isReadOnly = true;
  }

  /** Returns the slot of the first key, or null without keys. */
  getSlot(): number | null {
    if (this.#slot === undefined) {
      const key = this.getKeys()[0];
      this.#slot = key === undefined || key === null ? null : slotOf(key);
    }
    return this.#slot;
  }

  /** Returns the keys among the arguments. */
  getKeys(): (string | Buffer)[] {
    return this.#keys ??= keyPlaces(this.name, this.args).map((at) => this.args[at]);
  }

  /** Sets what decides the shapes of the reply. */
  setReplyContext(context: ReplyContext | null | undefined): void {
    this.#protocol = context?.protocol ?? 2;
    this.#mapping = context?.replyMapping ?? "legacy";
    this.#stringNumbers = context?.stringNumbers ?? false;
  }

  /** The bits of `DecodeMode` for the reply: EXEC has replies of many commands, each of which is converted by its own. */
  get decodeMode(): number {
    return decodeMode(this.#text && this.name !== "exec", this.#mapping);
  }

  /** What is sent in place of this command over a connection; scripts override it. */
  prepare(_connection: object): Command {
    return this;
  }

  /** Makes text of all arguments that are neither text nor Buffers. */
  stringifyArguments(): void {
    const { args } = this;
    for (let index = 0; index < args.length; index++) {
      const arg = args[index];
      if (typeof arg !== "string" && !(arg instanceof Buffer)) args[index] = toArgument(arg);
    }
  }

  /** Resolves with a decoded reply. */
  reply(reply: Reply): void {
    const text = this.#text && this.name !== "exec";
    this.resolve(
      convertReply(reply, { text, mapping: this.#mapping, stringNumbers: this.#stringNumbers }),
    );
  }

  /** Converts a reply to text where that was asked for, and applies the command's transformer. */
  transformReply(reply: unknown): unknown {
    if (this.#text && typeof reply !== "string") reply = bytesToText(reply);
    const transformer = Command._transformer.reply[this.name];
    if (transformer === undefined) return reply;
    return transformer(reply, {
      commandName: this.name,
      protocol: this.#protocol,
      replyMapping: this.#mapping,
    });
  }

  /** Rejects after `ms` milliseconds. The first call counts. */
  setTimeout(ms: number): void {
    this.#timer ??= setTimeout(() => {
      if (!this.isSettled) this.reject(new Error("Command timed out"));
    }, ms);
  }

  /** Resolves with null after `ms` milliseconds from the first call, as a blocking command does whose time is up. */
  setBlockingTimeout(ms: number): void {
    if (ms <= 0) return;
    clearTimeout(this.#blockingTimer);
    const now = Date.now();
    this.#blockingDeadline ??= now + ms;
    const left = this.#blockingDeadline - now;
    if (left <= 0) return this.resolve(null);
    this.#blockingTimer = setTimeout(() => {
      if (!this.isSettled) this.resolve(null);
    }, left);
  }

  /** Returns the milliseconds that a blocking command may wait; see `blockingTimeout`. */
  extractBlockingTimeout(): number | null | undefined {
    return blockingTimeout(this.name, this.args);
  }

  /** Makes a new promise, for a command that is sent again by a pipeline. */
  initPromise(): void {
    this.isResolved = this.isSettled = false;
    const promise = new Promise<unknown>((resolve, reject) => {
      this.resolve = (reply) => this.#resolved(reply, resolve);
      this.reject = (error) => this.#rejected(error, reject);
    });
    if (!this.#transformed) {
      this.#transformed = true;
      try {
        const transformer = Command._transformer.argument[this.name];
        if (transformer !== undefined) this.args = transformer(this.args);
        this.stringifyArguments();
      } catch (error) {
        this.reject(error);
      }
    }
    this.promise = asCallback(promise, this.#callback);
  }

  #resolved(reply: unknown, resolve: (value: unknown) => void): unknown {
    try {
      this.#clearTimers();
      resolve(this.transformReply(reply));
      this.isResolved = this.isSettled = true;
    } catch (error) {
      this.reject(error);
    }
    return this.promise;
  }

  #rejected(error: unknown, reject: (error: unknown) => void): void {
    this.#clearTimers();
    this.isSettled = true;
    reject(this.#errorStack === undefined ? error : friendlyStack(error as Error, this.#errorStack));
  }

  #clearTimers(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (this.#blockingTimer !== undefined) clearTimeout(this.#blockingTimer);
    this.#timer = this.#blockingTimer = undefined;
  }

  #prefixKeys(prefix: string | Buffer): void {
    this.#keys = keyPlaces(this.name, this.args).map((at) => {
      const key = this.args[at] as string | Buffer;
      const joined = typeof key === "string" && typeof prefix === "string"
        ? prefix + key
        : Buffer.concat([Buffer.from(prefix as string), Buffer.from(key as string)]);
      return this.args[at] = joined;
    });
  }
}

/** The words of a command, for the wire. */
export function sendableOf(command: Command): Sendable {
  return { spec: specOf(command.name), args: command.args as Arg[], parse: undefined };
}
