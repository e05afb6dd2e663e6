/**
 * `pipeline()`, `multi()` and `exec()` of clients.
 *
 * @module
 */
import type { ChainableCommander } from "./commander_types.ts";
import { Commander } from "./commander.ts";
import { Pipeline, Transaction } from "./pipeline.ts";
import { asCallback, type Callback, wrapMultiResult } from "./support.ts";

/** The methods that start pipelines and transactions. */
export interface TransactionSupport {
  /** Starts a pipeline, with commands given as lists of their words. */
  // deno-lint-ignore no-explicit-any
  pipeline(commands?: any[][]): ChainableCommander;
}

// deno-lint-ignore no-explicit-any
type Method = (this: any, ...args: any[]) => any;

/** Adds the methods to a class of clients. */
export function addTransactions(prototype: object): void {
  const methods = prototype as Record<string, Method>;
  const { multi, exec } = Commander.prototype as unknown as Record<string, Method>;
  methods.pipeline = function (commands) {
    const pipeline = new Pipeline(this);
    return Array.isArray(commands) ? pipeline.addBatch(commands) : pipeline;
  };
  methods.multi = function (commands, options) {
    if (options === undefined && !Array.isArray(commands)) [options, commands] = [commands, null];
    if (options?.pipeline === false) return multi!.call(this);
    return new Transaction(this, commands);
  };
  methods.exec = function (callback?: Callback) {
    const results = (exec!.call(this) as Promise<unknown>).then((replies) =>
      Array.isArray(replies) ? wrapMultiResult(replies) : replies
    );
    return asCallback(results, callback);
  };
}
