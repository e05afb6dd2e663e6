/**
 * Pipelines and transactions: commands that are sent together, with a pair of error and result for each.
 *
 * @module
 */
import type { Command } from "./command.ts";
import { Commander } from "./commander.ts";
import { asCallback, type Callback, noop, wrapMultiResult } from "./support.ts";
import { traceBatch } from "./tracing.ts";
import { checkSlots, retryPipeline } from "./cluster/pipeline_routing.ts";

/** A pair: an error, or null and the result. */
// deno-lint-ignore no-explicit-any
export type PipelineResult = [error: Error | null, result?: any];

/** The destination of a pipeline's commands in a cluster. */
export interface PipelineTarget {
  /** The slot. */
  slot: number | undefined;
  /** The node, once it is chosen. */
  // deno-lint-ignore no-explicit-any
  redis: any;
}

/** Marks commands that are sent by a pipeline. */
export const PIPELINE_STREAM: { readonly isPipeline: true } = { isPipeline: true };

/** Commands that are sent together by `exec()`. */
export class Pipeline extends Commander {
  /** The client. */
  // deno-lint-ignore no-explicit-any
  redis: any;
  /** Whether the client is a cluster's. */
  isCluster: boolean;
  /** Distinguishes a pipeline from a client. */
  readonly isPipeline = true;
  /** @internal */
  leftRedirections: { value?: number } | undefined = undefined;
  /** @internal */
  preferKey: string | undefined = undefined;
  /** Settles with the pairs. */
  // deno-lint-ignore no-explicit-any
  promise: Promise<any>;
  /** Resolves the promise. */
  resolve!: (result: unknown) => void;
  /** Rejects the promise. */
  reject!: (error: Error) => void;
  /** @internal */
  _queue: Command[] = [];
  /** @internal */
  _result: PipelineResult[] = [];
  /** @internal */
  _transactions = 0;
  /** @internal */
  nodeifiedPromise = false;
  #replyPending = 0;

  /** Makes an empty pipeline of a client. */
  // deno-lint-ignore no-explicit-any
  constructor(redis: any) {
    super();
    this.redis = redis;
    this.isCluster = Boolean(redis.isCluster);
    this.options = redis.options;
    const own = this as unknown as Record<string, unknown>;
    for (const name of [...Object.keys(redis.scriptsSet), ...redis.addedBuiltinSet]) {
      own[name] = redis[name];
      own[`${name}Buffer`] = redis[`${name}Buffer`];
    }
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** The number of commands. */
  get length(): number {
    return this._queue.length;
  }

  /**
   * Takes the outcome of a command; with the last one the pipeline settles.
   *
   * @internal
   */
  fillResult(outcome: PipelineResult, position: number): void {
    if (this._queue[position]?.name === "exec" && Array.isArray(outcome[1])) {
      this.#transformTransaction(outcome[1], position);
    }
    this._result[position] = outcome;
    if (--this.#replyPending > 0) return;
    if (this.isCluster && retryPipeline(this)) return;
    this.resolve(this._result.filter((_, index) => !this._queue[index]!.ignore));
  }

  #transformTransaction(replies: unknown[], position: number): void {
    const { length } = replies;
    for (let index = 0; index < length; index++) {
      if (replies[index] instanceof Error) continue;
      try {
        replies[index] = this._queue[position - (length - index)]!.transformReply(replies[index]);
      } catch (error) {
        replies[index] = error;
      }
    }
  }

  /** Adds a command. */
  override sendCommand(command: Command): this {
    if (this._transactions > 0) command.inTransaction = true;
    const position = this._queue.length;
    command.pipelineIndex = position;
    command.sink = this;
    this._queue.push(command);
    return this;
  }

  /** Adds commands that are given as lists of their words. */
  // deno-lint-ignore no-explicit-any
  addBatch(commands: any[][]): this {
    // deno-lint-ignore no-explicit-any
    for (const [name, ...args] of commands) (this as any)[name](...args);
    return this;
  }

  /** Sends the commands. Resolves with a pair of error and result for each. */
  // deno-lint-ignore no-explicit-any
  override exec(callback?: Callback<any>): Promise<any> {
    if (this.isCluster && !this.redis.slots.length) return this.#execWhenReady(callback);
    if (this._transactions > 0) {
      this._transactions--;
      return sendExec.apply(this, callback === undefined ? [] : [callback]);
    }
    this.#takeCallback(callback);
    if (this._queue.length === 0) this.resolve([]);
    let node: PipelineTarget | undefined;
    if (this.isCluster) {
      try {
        const slot = checkSlots(this);
        node = { slot, redis: this.redis.connectionPool.nodes.all[this.preferKey!] };
      } catch (error) {
        this.reject(error as Error);
        return this.promise;
      }
    }
    this.#replyPending = this._queue.length;
    for (const command of [...this._queue]) this.redis.sendCommand(command, PIPELINE_STREAM, node);
    return this.promise;
  }

  /** Like `exec`, within a transaction: EXEC gives Buffers. */
  // deno-lint-ignore no-explicit-any
  override execBuffer(...args: any[]): any {
    if (this._transactions > 0) this._transactions--;
    return sendExec.apply(this, args as []);
  }

  /** Adds MULTI. */
  // deno-lint-ignore no-explicit-any
  override multi(...args: any[]): any {
    this._transactions++;
    return sendMulti.apply(this, args as []);
  }

  #takeCallback(callback: Callback | undefined): void {
    if (this.nodeifiedPromise) return;
    this.nodeifiedPromise = true;
    asCallback(this.promise, callback);
  }

  #execWhenReady(callback: Callback | undefined): Promise<unknown> {
    if (this.redis.status === "wait") this.redis.connect().catch(noop);
    if (callback) this.#takeCallback(callback);
    this.redis.delayUntilReady((error?: Error) => {
      if (error) this.reject(error);
      else this.exec(callback);
    });
    return this.promise;
  }
}

// deno-lint-ignore no-explicit-any
type Call = (this: any, ...args: any[]) => any;
const sendMulti = Commander.prototype.multi as unknown as Call;
const sendExec = (Commander.prototype as unknown as { execBuffer: Call }).execBuffer;

/** A pipeline that stands between MULTI and EXEC. */
export class Transaction extends Pipeline {
  /** Adds MULTI. */
  // deno-lint-ignore no-explicit-any
  constructor(redis: any, commands?: any[][] | null) {
    super(redis);
    this.multi();
    if (Array.isArray(commands)) this.addBatch(commands);
  }

  /** Sends the transaction. Resolves with a pair for each command, or null when a watched key was changed. */
  // deno-lint-ignore no-explicit-any
  override exec(callback?: Callback<any>): Promise<any> {
    if (this.isCluster && !this.redis.slots.length) return this.#whenReady(callback);
    if (this._transactions > 0) super.exec();
    // A pipeline of a cluster that is sent again.
    if (this.nodeifiedPromise) return super.exec();
    const run = (): Promise<unknown> => super.exec().then(unwrap);
    // MULTI and EXEC do not count.
    const size = Math.max(this.length - 2, 0);
    return asCallback(this.isCluster ? run() : traceBatch(this.redis, size, run), callback);
  }

  /** Like `exec`, with Buffers. */
  // deno-lint-ignore no-explicit-any
  override execBuffer(callback?: Callback<any>): Promise<any> {
    if (this._transactions > 0) super.execBuffer();
    return this.exec(callback);
  }

  #whenReady(callback: Callback | undefined): Promise<unknown> {
    if (this.redis.status === "wait") this.redis.connect().catch(noop);
    const ready = new Promise((resolve, reject) => {
      this.redis.delayUntilReady((error?: Error) => {
        if (error) reject(error);
        else this.exec().then(resolve, reject);
      });
    });
    return asCallback(ready, callback);
  }
}

/** The results of EXEC out of the results of the whole pipeline. */
function unwrap(results: PipelineResult[]): unknown {
  const last = results[results.length - 1];
  if (last === undefined) {
    throw new Error(
      "Pipeline cannot be used to send any commands when the `exec()` has been called on it.",
    );
  }
  const [error, replies] = last;
  if (!error) return wrapMultiResult(replies as unknown[]);
  const previousErrors = results.slice(0, -1).flatMap(([each]) => each ? [each] : []);
  throw Object.assign(error, { previousErrors });
}
