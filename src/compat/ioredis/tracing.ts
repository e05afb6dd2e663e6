/**
 * The tracing channels of ioredis, for instrumentation that subscribes to them: `ioredis:command`, `ioredis:batch` and
 * `ioredis:connect` of `node:diagnostics_channel`.
 *
 * @module
 */
import * as runtime from "node:process";
import { noop } from "./support.ts";

interface Channel {
  readonly hasSubscribers: boolean;
}

/** A tracing channel, as far as it is used here. */
interface TracingChannel {
  readonly hasSubscribers?: boolean;
  readonly start: Channel;
  readonly end: Channel;
  readonly asyncStart: Channel;
  readonly asyncEnd: Channel;
  readonly error: Channel;
  tracePromise<T>(run: () => Promise<T>, context: object): Promise<T>;
}

interface Diagnostics {
  tracingChannel?(name: string): TracingChannel;
}

// Not an import: a runtime without the module has no channels.
const diagnostics = runtime.getBuiltinModule?.("node:diagnostics_channel") as Diagnostics | undefined;

/** A channel that publishes only while it has subscribers. */
class Traced {
  readonly #channel: TracingChannel | undefined;

  constructor(name: string) {
    this.#channel = diagnostics?.tracingChannel?.(name);
  }

  /** Whether there are subscribers. */
  get isActive(): boolean {
    const channel = this.#channel;
    if (channel === undefined) return false;
    if (channel.hasSubscribers !== undefined) return channel.hasSubscribers;
    const { start, end, asyncStart, asyncEnd, error } = channel;
    return [start, end, asyncStart, asyncEnd, error].some(({ hasSubscribers }) => hasSubscribers);
  }

  /** Runs an operation, and publishes its start, its end and its outcome. */
  run<T>(operation: () => Promise<T>, context: () => object): Promise<T> {
    return this.isActive ? this.#channel!.tracePromise(operation, context()) : operation();
  }
}

/** Commands that are written to a connection. */
export const commandTraces: Traced = new Traced("ioredis:command");
/** Transactions that `exec()` of `multi()` sends. */
export const batchTraces: Traced = new Traced("ioredis:batch");
/** Calls of `connect()`. */
export const connectTraces: Traced = new Traced("ioredis:connect");

/** Names begin with these words: so many of the arguments are published. The first that fits counts. */
const PUBLISHED: readonly (readonly [count: number, beginnings: readonly string[]])[] = ([
  [0, "ECHO"],
  [1, "GETSET LPUSH MSET PFA PSETEX PUBLISH RPUSH SADD SET SPUBLISH XADD ZADD"],
  [2, "HSET HMSET LSET LINSERT"],
  [
    Infinity,
    "ACL BIT BL BR BZ CLIENT CLUSTER CONFIG COMMAND DECR DEL EVAL EX FUNCTION GEO GET HINCR HMGET HSCAN INCR LT LR LL LM " +
    "MEMORY PE PF PI PS PT PU RPOP SC SD SI SM SO SR SS SU XACK XC XD XG XI XL XP XR XT ZC ZD ZI ZL ZM ZP ZR ZS",
  ],
] as const).map(([count, words]) => [count, words.split(" ")]);

function publishedArguments(name: string, args: readonly unknown[]): string[] {
  const upper = name.toUpperCase();
  const [count] = PUBLISHED.find(([, words]) => words.some((word) => upper.startsWith(word))) ?? [0];
  return args.map((arg, index) => index < count ? String(arg) : "?");
}

/** A client, as traces see it. */
interface TracedClient {
  readonly options: {
    readonly host?: string | undefined;
    readonly port?: number | undefined;
    readonly path?: string | undefined;
    readonly db?: number | undefined;
  };
  readonly condition: { readonly select: number | undefined } | null;
}

/** The address of a client, as its traces name it. */
export function tracedAddress({ options }: TracedClient): object {
  if (options.path) return { serverAddress: options.path, serverPort: undefined };
  return { serverAddress: options.host || "localhost", serverPort: options.port || 6379 };
}

function databaseOf({ condition, options }: TracedClient): number {
  return condition?.select ?? options.db ?? 0;
}

/** A command to be traced. */
interface TracedCommand {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly promise: Promise<unknown>;
  isTraced: boolean;
}

/** Traces a command that was written; a command that is sent again is traced once. */
export function traceCommand(client: TracedClient, command: TracedCommand): Promise<unknown> {
  if (command.isTraced) return command.promise;
  command.isTraced = true;
  const traced = commandTraces.run(() => command.promise, () => ({
    command: command.name,
    args: publishedArguments(command.name, command.args),
    database: databaseOf(client),
    ...tracedAddress(client),
  }));
  traced.catch(noop);
  return traced;
}

/** Traces a transaction of `size` commands. */
export function traceBatch<T>(client: TracedClient, size: number, run: () => Promise<T>): Promise<T> {
  if (!batchTraces.isActive) return run();
  const traced = batchTraces.run(run, () => ({
    batchMode: "MULTI",
    batchSize: size,
    database: databaseOf(client),
    ...tracedAddress(client),
  }));
  traced.catch(noop);
  return traced;
}
