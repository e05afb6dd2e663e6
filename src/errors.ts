/**
 * The errors of Keywire. Each error of a command has `executed`, which says whether the command may have run.
 *
 * `instanceof` works across two copies of the package: classes are recognized by a brand.
 *
 * @module
 */
import { type Executed, executedByOpaqueReply, executedByReply, OPAQUE } from "./executed.ts";

export type { Executed };

/** The options of an error. */
export interface RedisErrorOptions {
  /** A constant in capitals that programs can switch on. */
  readonly code?: string;
  /** Whether the command may have run. Default `"unknown"`. */
  readonly executed?: Executed;
  /** The cause of this error. */
  readonly cause?: unknown;
}

const BRANDS: unique symbol = Symbol.for("@keywire/redis/error") as never;

function isBranded(value: unknown, brand: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  const brands = (value as { readonly [BRANDS]?: unknown })[BRANDS];
  return Array.isArray(brands) && brands.includes(brand);
}

/** The command that an error belongs to. */
export interface FailedCommand {
  /** The name: `"GET"`, `"CONFIG GET"`. */
  readonly name: string;
  /** The number of arguments, including keys. */
  readonly args: number;
  /** The arguments as they were sent, with the option `errorArguments`. They may be secrets. */
  readonly arguments?: readonly (string | number | bigint | Uint8Array)[];
}

/** The base of all errors that Keywire makes. Wrong arguments are `TypeError` or `RangeError` instead. */
export class RedisError extends Error {
  /** The name of the class. */
  override readonly name: string = "RedisError";
  /** A constant in capitals that programs can switch on. */
  readonly code: string;
  /** Whether the command may have run. */
  readonly executed: Executed;
  /** The command that failed; `undefined` for an error that belongs to no single command. */
  declare command?: FailedCommand;

  /** Makes an error; see {@linkcode RedisErrorOptions}. */
  constructor(message: string, options: RedisErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code ?? "ERR";
    this.executed = options.executed ?? "unknown";
  }

  /** Returns the brands of this error's class and its base classes. */
  get [BRANDS](): readonly string[] {
    const brands: string[] = [];
    for (let own = this.constructor; own !== Function.prototype; own = Object.getPrototypeOf(own)) {
      if (Object.hasOwn(own, "brand")) brands.push((own as unknown as { brand: string }).brand);
    }
    return brands;
  }

  /** True for an error of this class, also one made by another copy of the package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // Own classes of users that extend ours are compared as usual.
    const own = Object.hasOwn(this, "brand") ? (this as unknown as { brand: string }).brand : undefined;
    return own === undefined
      ? Function.prototype[Symbol.hasInstance].call(this, value)
      : isBranded(value, own);
  }

  /** The name by which instances are recognised. */
  static readonly brand: string = "RedisError";
}

/** The first word of an error reply, if it is in capitals. Codes of modules may contain digits, `-` and `_`. */
const CODE = /^[A-Z][A-Z0-9_-]*(?=\s|$)/;

/** The server replied with an error. `code` is the prefix of the reply (`"WRONGTYPE"`, `"ERR"`, `"MOVED"`, ...). */
export class ReplyError extends RedisError {
  /** The name of the class. */
  override readonly name: string = "ReplyError";
  /** The name by which instances are recognised. */
  static override readonly brand: string = "ReplyError";

  /** Makes an error from the text of the reply, prefix and all. */
  constructor(message: string, options: { readonly executed?: Executed; readonly cause?: unknown } = {}) {
    const code = CODE.exec(message)?.[0] ?? "ERR";
    super(message, {
      code,
      executed: options.executed ?? executedByReply(message, code),
      cause: options.cause,
    });
  }
}

/**
 * Corrects `executed` when the command of an error reply is known: the reply of a script or an unknown command proves
 * less.
 *
 * @internal
 */
export function attributeReply(
  error: Error,
  { name, flags }: { readonly name: string; readonly flags: number },
): void {
  if ((flags & OPAQUE) === 0 || !(error instanceof ReplyError) || error.executed !== "no") return;
  // The parser created the error just now, so changing it is safe.
  (error as { executed: Executed }).executed = executedByOpaqueReply(error.message, name);
}

/**
 * The same without a look at the text of the reply: that of a script or of an unknown command never proves that nothing
 * was executed.
 *
 * @internal
 */
export function attributeUnproven(
  error: Error,
  { flags, name }: { readonly flags: number; readonly name: string },
): void {
  if ((flags & OPAQUE) === 0 || !(error instanceof ReplyError) || error.executed !== "no") return;
  if (/^EVALSHA/i.test(name) && /^NOSCRIPT No matching script\./.test(error.message)) return;
  (error as { executed: Executed }).executed = "unknown";
}

/**
 * Returns `true` if the server refused the command in this attempt, so only an earlier attempt may have run.
 *
 * @internal
 */
export function isRefusal(error: unknown): error is RedisError {
  if (!(error instanceof RedisError)) return false;
  const { cause } = error;
  return error.executed === "no" ||
    (cause instanceof ReplyError && cause.executed === "no" && cause.code === error.code);
}

/**
 * A connection is missing or was lost. Codes: `CONNECT`, `CREDENTIALS`, `CLOSED`, `LOST`, `MAX_CLIENTS`,
 * `QUEUE_FULL`, ...
 */
export class ConnectionError extends RedisError {
  /** The name of the class. */
  override readonly name: string = "ConnectionError";
  /** The name by which instances are recognised. */
  static override readonly brand: string = "ConnectionError";
}

/** The pool is at its limit (`MAX_CONNECTIONS`), or a wait for a connection ran out (`POOL_TIMEOUT`). */
export class MaxConnectionsError extends ConnectionError {
  /** The name of the class. */
  override readonly name: string = "MaxConnectionsError";
  /** The name by which instances are recognised. */
  static override readonly brand: string = "MaxConnectionsError";
}

/** A timeout. Codes: `CONNECT_TIMEOUT`, `COMMAND_TIMEOUT`, `SOCKET_TIMEOUT`. */
export class TimeoutError extends RedisError {
  /** The name of the class. */
  override readonly name: string = "TimeoutError";
  /** The name by which instances are recognised. */
  static override readonly brand: string = "TimeoutError";
}

/** The server refused the credentials. Never retried. `cause` is the reply. */
export class AuthenticationError extends RedisError {
  /** The name of the class. */
  override readonly name: string = "AuthenticationError";
  /** The name by which instances are recognised. */
  static override readonly brand: string = "AuthenticationError";
}

/**
 * A command of a pipeline or a transaction failed. `cause` is its error, `code` the code of that error, `index` its
 * position. `results` has the outcomes of all commands, errors included. `executed` is `"no"` if no command ran,
 * `"unknown"` if that is unknown for some commands, else `"yes"`.
 */
export class PipelineError extends RedisError {
  /** The name of the class. */
  override readonly name: string = "PipelineError";
  /** The name by which instances are recognised. */
  static override readonly brand: string = "PipelineError";
  /** The place of the first command that failed; of a transaction that was refused, of the first that was. */
  readonly index: number;
  /** The outcomes of all commands, errors included. Hidden when the error is printed, because it contains values. */
  declare readonly results: readonly unknown[];

  /** Makes an error of the outcomes. */
  constructor(
    message: string,
    options: RedisErrorOptions & { readonly index: number; readonly results: readonly unknown[] },
  ) {
    super(message, options);
    this.index = options.index;
    Object.defineProperty(this, "results", { value: options.results, enumerable: false });
  }
}

/** Received data is not RESP, exceeds a limit, or was not requested. The connection is closed. */
export class ProtocolError extends RedisError {
  /** The name of the class. */
  override readonly name: string = "ProtocolError";
  /** The name by which instances are recognised. */
  static override readonly brand: string = "ProtocolError";
}

/** A reply is not valid text. Nothing is lost: `bytes` has the value, and `reply` the whole reply that it was part of. */
export class EncodingError extends RedisError {
  /** The name of the class. */
  override readonly name: string = "EncodingError";
  /** The name by which instances are recognised. */
  static override readonly brand: string = "EncodingError";
  /** The value that is not valid text, as the server sent it. */
  readonly bytes: Uint8Array;
  /**
   * The whole reply, as `command()` gives it: text where it is valid, `Uint8Array` where it is not. What LPOP or XREADGROUP
   * took is here. Not shown when the error is printed: it holds values.
   */
  declare readonly reply: unknown;

  /** Makes an error for a value that is not valid text. */
  constructor(message: string, bytes: Uint8Array) {
    super(message, { code: "ENCODING", executed: "yes" });
    this.bytes = bytes;
    EncodingError.complete(this, bytes);
  }

  /**
   * Adds the whole reply, which ends later than the value.
   *
   * @internal
   */
  static complete(error: EncodingError, reply: unknown): void {
    Object.defineProperty(error, "reply", { value: reply, enumerable: false, configurable: true });
  }
}

/** The cluster cannot serve the command: slots without a node, keys of several slots, too many redirections. */
export class ClusterError extends RedisError {
  /** The name of the class. */
  override readonly name: string = "ClusterError";
  /** The name by which instances are recognised. */
  static override readonly brand: string = "ClusterError";
}

/** One part of a command that was split over slots or sent to several nodes, and failed. */
export interface PartialFailure {
  /** The slot (`"slot 866"`) or the node's address. */
  readonly where: string;
  /** The places, from 0, of the keys that are concerned, among the keys of the call; none where it was not split by keys. */
  readonly positions: readonly number[];
  /** The error of this part. */
  readonly error: Error;
}

/** A command that was split over slots or sent to several nodes of a cluster failed in some places, not in all. */
export class PartialError extends ClusterError {
  /** Always `"PartialError"`. */
  override readonly name: string = "PartialError";
  /** The name by which instances are recognised. */
  static override readonly brand: string = "PartialError";
  /** The parts that failed. */
  readonly failures: readonly PartialFailure[];
  /** The outcomes of all parts, errors included. Hidden when the error is printed. */
  declare readonly results: readonly unknown[];

  /** Creates an error for all parts. */
  constructor(
    message: string,
    options: RedisErrorOptions & {
      readonly failures: readonly PartialFailure[];
      readonly results: readonly unknown[];
    },
  ) {
    super(message, options);
    this.failures = options.failures;
    // Values of users do not belong in logs.
    Object.defineProperty(this, "results", { value: options.results, enumerable: false });
  }
}
