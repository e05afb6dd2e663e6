/**
 * The record of a write with `once()`: its key, how long it is kept, and how often the write is sent.
 *
 * @module
 */
import { type Clock, systemClock } from "../../clock.ts";
import { isBytes } from "../../resp/arguments.ts";
import type { Arg } from "../../resp/types.ts";
import type { RetryPolicy } from "../../retry.ts";
import type { Call, Executor } from "../executor.ts";

/** Options of `once()`. */
export interface OnceOptions {
  /**
   * Milliseconds for which the server keeps the reply: a write that is sent again later runs again. Default 600,000, which is ten
   * minutes.
   */
  readonly ttl?: number;
}

const TTL = 600_000;

/** The time to live that the options ask for, in milliseconds. */
export function onceTtl(options: OnceOptions): number {
  if (typeof options === "function") {
    throw new TypeError("Cannot listen with once(): use addEventListener(type, listener, { once: true })");
  }
  for (const name of Object.keys(options)) {
    if (name !== "ttl") throw new TypeError(`Cannot use the option \`${name}\` of once(): there is ttl`);
  }
  const { ttl = TTL } = options;
  if (!(Number.isSafeInteger(ttl) && ttl > 0)) {
    throw new RangeError(
      `Cannot use the option \`ttl\`: ${ttl} is not a whole number of milliseconds from 1 up`,
    );
  }
  return ttl;
}

/** An id that nothing else has. A simulated clock gives the same ones each time. */
export function newOnceId(clock: Clock): string {
  if (clock === systemClock) return crypto.randomUUID();
  return `${clock.random().toString(36).slice(2)}-${clock.random().toString(36).slice(2)}`;
}

/** The errors after which the write is sent again: nothing has run, or the server was unreachable. */
const REPEATED = ["SOCKET_TIMEOUT", "READONLY", "NOREPLICAS"];
const policies = new WeakMap<RetryPolicy, RetryPolicy>();

/**
 * Returns the call with retries until its time is up, also of what may have run: nothing runs twice. Without a time limit, the
 * number of retries stays.
 */
export function onceCall(call: Call): Call {
  const { retry, timeout } = call;
  // `retry: false` stays so.
  if (retry.attempts === 0) return { ...call, cache: false };
  let policy = policies.get(retry);
  if (policy === undefined) {
    policies.set(retry, policy = { ...retry, unsafe: true, on: [...retry.on, ...REPEATED] });
  }
  return { ...call, cache: false, retry: timeout === 0 ? policy : { ...policy, attempts: Infinity } };
}

const encoder = /* @__PURE__ */ new TextEncoder();
const PREFIX = "keywire:once:";

/** The key of a record; in a cluster, with the data's key, whose slot it shares. */
export function recordKey(id: string, key?: Arg): Arg {
  if (key === undefined) return PREFIX + id;
  const tag = hashTag(isBytes(key) ? latin(key) : String(key));
  if (tag === "" || tag.includes("}")) {
    throw new TypeError(
      "Cannot use once() with this key in a cluster: no other key can share its slot; give it a hash tag ({...})",
    );
  }
  const name = `${PREFIX}{${tag}}:`;
  return isBytes(key) ? bytesOf(name, id) : name + id;
}

/** The key of a record as it is sent; `key` is the data's key as it is sent. */
export function preparedRecord(executor: Pick<Executor, "prepareKey">, id: string, key?: Arg): Arg {
  const record = recordKey(id, key);
  return executor.prepareKey?.(record) ?? record;
}

/** The part of a key that decides its slot. */
function hashTag(key: string): string {
  const open = key.indexOf("{");
  const close = open < 0 ? -1 : key.indexOf("}", open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}

/** Bytes as characters, one each: nothing is lost. */
function latin(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function bytesOf(name: string, id: string): Uint8Array {
  const rest = encoder.encode(id);
  const bytes = new Uint8Array(name.length + rest.length);
  for (let at = 0; at < name.length; at++) bytes[at] = name.charCodeAt(at);
  bytes.set(rest, name.length);
  return bytes;
}
