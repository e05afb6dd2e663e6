/**
 * A command of the ioredis face: a name, arguments, and the promise that its reply settles.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { slotOf } from "../../cluster/routing/slot.ts";
import type { Sendable } from "../../connection/pending.ts";
import type { Reply } from "../../resp/types.ts";
import { blockingTimeout, type FlagName, FLAGS, hasFlag } from "./command_flags.ts";
import { keyPlaces, specOf } from "./command_table.ts";
import { CommandTimers } from "./command_timers.ts";
import { type ArgumentTransformer, argumentTransformers } from "./argument_transformers.ts";
import { friendlyStack } from "./friendly_stack.ts";
import {
  bytesToText,
  convertReply,
  decodeMode,
  type ReplyContext,
  type ReplyTransformer,
  replyTransformers,
} from "./reply.ts";
import { asCallback, type Callback, toArgument } from "./support.ts";
import { toWritable } from "./writable.ts";

/** An argument of a command: a value, or a list of values. */
// deno-lint-ignore no-explicit-any
export type ArgumentType = string | Buffer | number | (string | Buffer | number | any[])[];

/** The options of a command. */
export interface CommandOptions {
  /** `"utf8"` for text; null or nothing for Buffers. */
  replyEncoding?: string | null;
  /** The stack of the caller, for `showFriendlyErrorStack`. */
  errorStack?: Error;
  /** The prefix of each key. */
  keyPrefix?: string | Buffer;
  /** Whether a replica may run it. */
  readOnly?: boolean;
  /**
   * Whether the arguments are a new list without nested lists, so that they need not be flattened.
   *
   * @internal
   */
  isFlat?: boolean;
}

/** Receives the outcome of a command, in addition to its promise. */
export interface OutcomeSink {
  /** Receives an error, or null and the result, of the command at a position. */
  fillResult(outcome: [error: Error | null, result?: unknown], position: number): void;
}

/** Fields that few commands need. */
interface Rare {
  timers?: CommandTimers;
  errorStack?: Error | undefined;
  callback?: Callback | undefined;
  keys?: (string | Buffer)[];
  slot?: number | null;
}

// deno-lint-ignore no-explicit-any
type Settle = (value: any) => void;

// The executor is one function for all promises, so that a command costs no closure of its own.
let lastResolve: Settle;
let lastReject: Settle;
const capture = (resolve: Settle, reject: Settle): void => {
  lastResolve = resolve;
  lastReject = reject;
};

/** Returns a copy of the arguments with nested lists flattened. */
// deno-lint-ignore no-explicit-any
function flatten(args: readonly any[]): any[] {
  for (let index = 0; index < args.length; index++) if (Array.isArray(args[index])) return args.flat();
  return args.slice();
}

/** A command, which a client's `sendCommand` sends. */
export class Command implements Sendable {
  /** The names of commands by property. */
  static readonly FLAGS: typeof FLAGS = FLAGS;
  /** @internal */
  static _transformer: {
    argument: Record<string, ArgumentTransformer>;
    reply: Record<string, ReplyTransformer>;
  } = {
    argument: argumentTransformers(),
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
  pipelineIndex: number | undefined = undefined;
  /** @internal */
  isTraced = false;
  /** Whether it has resolved. */
  isResolved = false;
  /** Whether it has settled. */
  isSettled = false;
  /**
   * The pipeline that the command belongs to.
   *
   * @internal
   */
  sink: OutcomeSink | undefined = undefined;
  #text: boolean;
  #context: ReplyContext | undefined = undefined;
  #isPrepared = false;
  #rare: Rare | undefined = undefined;
  #promise: Promise<unknown> | undefined = undefined;
  #settle: Settle | undefined = undefined;
  #fail: Settle | undefined = undefined;
  /** The outcome before a promise exists. */
  #outcome: unknown = undefined;
  #ownResolve: Settle | undefined = undefined;
  #ownReject: Settle | undefined = undefined;

  /** Makes a command; arrays among `args` are flattened by one level. */
  constructor(
    name: string,
    args: ArgumentType[] = [],
    options: CommandOptions | null = null,
    callback?: Callback,
  ) {
    this.name = name;
    this.args = options?.isFlat ? args : flatten(args);
    this.#text = Boolean(options?.replyEncoding);
    if (options?.errorStack !== undefined) this.#rareFields.errorStack = options.errorStack;
    if (callback !== undefined) this.#rareFields.callback = callback;
    this.initPromise();
    if (options?.keyPrefix) this.#prefixKeys(options.keyPrefix);
    if (options?.readOnly) this.isReadOnly = true;
  }

  get #rareFields(): Rare {
    return this.#rare ??= {};
  }

  /** The encoded name. */
  get spec(): Sendable["spec"] {
    return specOf(this.name);
  }

  /** Replies are converted by the command itself. */
  get parse(): undefined {
    return undefined;
  }

  /** Settles with the reply. */
  // deno-lint-ignore no-explicit-any
  get promise(): Promise<any> {
    return this.#promise ??= this.#makePromise();
  }

  // deno-lint-ignore no-explicit-any
  set promise(promise: Promise<any>) {
    this.#promise = promise;
  }

  /**
   * Returns the result of `sendCommand`: nothing for a command of a pipeline, which gets the outcome itself.
   *
   * @internal
   */
  get answer(): Promise<unknown> | undefined {
    return this.sink === undefined ? this.promise : undefined;
  }

  /** Resolves the promise with a reply. */
  // deno-lint-ignore no-explicit-any
  get resolve(): (reply: any) => void {
    return this.#ownResolve ?? ((reply) => this.#resolved(reply, false));
  }

  // deno-lint-ignore no-explicit-any
  set resolve(resolve: (reply: any) => void) {
    this.#ownResolve = resolve;
  }

  /** Rejects the promise. */
  // deno-lint-ignore no-explicit-any
  get reject(): (error: any) => void {
    return this.#ownReject ?? ((error) => this.rejected(error));
  }

  // deno-lint-ignore no-explicit-any
  set reject(reject: (error: any) => void) {
    this.#ownReject = reject;
  }

  /** Returns the slot of the first key, or null without keys. */
  getSlot(): number | null {
    const rare = this.#rareFields;
    if (rare.slot === undefined) {
      const key = this.getKeys()[0];
      rare.slot = key === undefined || key === null ? null : slotOf(key);
    }
    return rare.slot;
  }

  /** Returns the keys among the arguments. */
  getKeys(): (string | Buffer)[] {
    return this.#rareFields.keys ??= keyPlaces(this.name, this.args).map((at) => this.args[at]);
  }

  /** Sets what decides the shapes of the reply. */
  setReplyContext(context: ReplyContext | null | undefined): void {
    this.#context = context ?? undefined;
  }

  /** The bits of `DecodeMode` for the reply: EXEC has replies of many commands, each of which is converted by its own. */
  get decodeMode(): number {
    return decodeMode(this.#text && this.name !== "exec", this.#context?.replyMapping ?? "legacy");
  }

  /** Returns the command to send over a connection. Scripts override it. */
  prepare(_connection: object): Command {
    return this;
  }

  /** Returns the bytes of the command: text, or a Buffer if an argument is one. */
  toWritable(_socket?: object): string | Buffer {
    return toWritable([this.name, ...this.args]);
  }

  /** Converts all arguments that are neither text nor Buffers to text. */
  stringifyArguments(): void {
    const { args } = this;
    for (let index = 0; index < args.length; index++) {
      const arg = args[index];
      if (typeof arg !== "string" && !(arg instanceof Buffer)) args[index] = toArgument(arg);
    }
  }

  /** Resolves with a decoded reply. */
  reply(reply: Reply): void {
    const mapping = this.#context?.replyMapping ?? "legacy";
    const stringNumbers = this.#context?.stringNumbers ?? false;
    const isWhole = this.name !== "exec";
    const value = convertReply(reply, this.#text && isWhole, mapping, stringNumbers);
    if (this.#ownResolve === undefined) this.#resolved(value, isWhole);
    else this.#ownResolve(value);
  }

  /** Converts a reply to text where that was asked for, and applies the command's transformer. */
  transformReply(reply: unknown): unknown {
    return this.#transform(this.#text && typeof reply !== "string" ? bytesToText(reply) : reply);
  }

  #transform(reply: unknown): unknown {
    const transformer = Command._transformer.reply[this.name];
    if (transformer === undefined) return reply;
    return transformer(reply, {
      commandName: this.name,
      protocol: this.#context?.protocol ?? 2,
      replyMapping: this.#context?.replyMapping ?? "legacy",
    });
  }

  /** Rejects after `ms` milliseconds. The first call counts. */
  setTimeout(ms: number): void {
    (this.#rareFields.timers ??= new CommandTimers(this)).limit(ms);
  }

  /** Resolves with null after `ms` milliseconds from the first call, as a blocking command does whose time is up. */
  setBlockingTimeout(ms: number): void {
    (this.#rareFields.timers ??= new CommandTimers(this)).limitBlocking(ms);
  }

  /** Returns the milliseconds that a blocking command may wait; see `blockingTimeout`. */
  extractBlockingTimeout(): number | null | undefined {
    return blockingTimeout(this.name, this.args);
  }

  /** Makes the command ready to settle again, for a pipeline that is sent again. */
  initPromise(): void {
    this.isResolved = this.isSettled = false;
    this.#promise =
      this.#settle =
      this.#fail =
      this.#outcome =
        undefined;
    this.#ownResolve = this.#ownReject = undefined;
    const callback = this.#rare?.callback;
    if (callback !== undefined) asCallback(this.promise, callback);
    if (this.#isPrepared) return;
    this.#isPrepared = true;
    try {
      const transformer = Command._transformer.argument[this.name];
      if (transformer !== undefined) this.args = transformer(this.args);
      this.stringifyArguments();
    } catch (error) {
      this.reject(error);
    }
  }

  #makePromise(): Promise<unknown> {
    if (this.isSettled) {
      return this.isResolved ? Promise.resolve(this.#outcome) : Promise.reject(this.#outcome);
    }
    const promise = new Promise<unknown>(capture);
    this.#settle = lastResolve;
    this.#fail = lastReject;
    return promise;
  }

  #resolved(reply: unknown, isConverted: boolean): void {
    this.#rare?.timers?.clear();
    if (this.isSettled) return;
    let result: unknown;
    try {
      result = isConverted ? this.#transform(reply) : this.transformReply(reply);
    } catch (error) {
      return this.reject(error);
    }
    this.resolved(result);
  }

  /**
   * Resolves with a result that needs no conversion any more.
   *
   * @internal
   */
  resolved(result: unknown): void {
    if (this.isSettled) return;
    this.isResolved = this.isSettled = true;
    if (this.#settle === undefined) this.#outcome = result;
    else this.#settle(result);
    this.sink?.fillResult([null, result], this.pipelineIndex!);
  }

  /**
   * Rejects, even if `reject` has been replaced.
   *
   * @internal
   */
  rejected(error: unknown): void {
    this.#rare?.timers?.clear();
    if (this.isSettled) return;
    this.isSettled = true;
    const call = this.#rare?.errorStack;
    const reason = call === undefined ? error : friendlyStack(error as Error, call);
    if (this.#fail === undefined) this.#outcome = reason;
    else this.#fail(reason);
    this.sink?.fillResult([reason as Error], this.pipelineIndex!);
  }

  #prefixKeys(prefix: string | Buffer): void {
    this.#rareFields.keys = keyPlaces(this.name, this.args).map((at) => {
      const key = this.args[at] as string | Buffer;
      const joined = typeof key === "string" && typeof prefix === "string"
        ? prefix + key
        : Buffer.concat([Buffer.from(prefix as string), Buffer.from(key as string)]);
      return this.args[at] = joined;
    });
  }
}
