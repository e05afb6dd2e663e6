/**
 * Helpers of the ioredis API: callbacks beside promises, values as text, lists.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** A callback of Node's kind. */
// deno-lint-ignore no-explicit-any
export type Callback<T = any> = (error?: Error | null, result?: T) => void;

/** The message of commands that a closed client refuses. */
export const CONNECTION_CLOSED_ERROR_MSG = "Connection is closed.";

/** Does nothing. */
export function noop(): void {}

/** Throws an error asynchronously: the runtime reports it, and the parser and the connection are not affected. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** Calls `callback`, if any, with the outcome of the promise. Returns the promise, whose rejection is then handled. */
export function asCallback<T>(promise: Promise<T>, callback?: Callback<T> | null): Promise<T> {
  if (typeof callback === "function") {
    promise.then(
      (value) => {
        try {
          if (value === undefined) callback(null);
          else callback(null, value);
        } catch (error) {
          throwLater(error);
        }
      },
      (error) => {
        try {
          // A rejection with nothing must not look like success.
          callback(error || Object.assign(new Error(String(error)), { cause: error }));
        } catch (thrown) {
          throwLater(thrown);
        }
      },
    );
  }
  return promise;
}

/** Returns an argument that is neither text nor a Buffer as text. */
export function toArgument(value: unknown): string {
  if (value === null || value === undefined) return "";
  // Digits, where `String` would give an exponent.
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return BigInt(value).toString();
  }
  return String(value);
}

/** Whether a value is an integer of 32 bits, or text that is one. */
export function isInteger(value: unknown): boolean {
  const number = Number.parseFloat(value as string);
  return !Number.isNaN(Number(value)) && (number | 0) === number;
}

/** Sets the properties that `target` does not have or that are undefined; the earlier source wins. */
export function defaults<T extends object>(target: T, ...sources: readonly (object | null | undefined)[]): T {
  const fields = target as Record<string, unknown>;
  for (const source of sources) {
    if (source === null || source === undefined) continue;
    for (const name in source) {
      if (fields[name] === undefined) fields[name] = (source as Record<string, unknown>)[name];
    }
  }
  return target;
}

/** A flat array of names and values as an object. */
export function packObject(list: readonly unknown[]): Record<string, string> {
  const object: Record<string, string> = {};
  for (let index = 1; index < list.length; index += 2) {
    object[list[index - 1] as string] = list[index] as string;
  }
  return object;
}

/** The results of a transaction as pairs of error and result; null stays null. */
export function wrapMultiResult(results: readonly unknown[] | null | undefined): unknown[][] | null {
  if (!results) return null;
  return results.map((result) => result instanceof Error ? [result] : [null, result]);
}

/** A random element from `from` on; null where there is none. */
export function sample<T>(list: readonly T[], from = 0): T | null {
  if (from >= list.length) return null;
  return list[from + Math.floor(Math.random() * (list.length - from))]!;
}

/** Shuffles a list in place. */
export function shuffle<T>(list: T[]): T[] {
  for (let left = list.length - 1; left > 0; left--) {
    const other = Math.floor(Math.random() * (left + 1));
    [list[left], list[other]] = [list[other]!, list[left]!];
  }
  return list;
}

/** A `Buffer` over bytes, not a copy. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}

/** Text of bytes or text. */
export function toText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return toBuffer(value).toString();
  return String(value);
}
