/**
 * Random programs for ioredis' API, as data: the same program runs with two libraries.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Dice, mutate, rollCommand } from "../harness/command_dice.ts";

/** A call of a method. */
export interface Call {
  /** The method. */
  readonly method: string;
  /** Its arguments. */
  readonly args: readonly unknown[];
  /** Whether it has a callback, too. */
  readonly callback: boolean;
}

/** One step of a program. `at` is the number of a client. */
export type Step =
  | { readonly do: "make"; readonly options: Readonly<Record<string, unknown>> }
  | { readonly do: "burst"; readonly at: number; readonly calls: readonly Call[] }
  | {
    readonly do: "pipeline";
    readonly at: number;
    readonly start: "pipeline" | "multi";
    readonly list: boolean;
    readonly calls: readonly Call[];
    readonly end: "exec" | "execBuffer";
    readonly callback: boolean;
  }
  | {
    readonly do: "transaction";
    readonly at: number;
    readonly watched: boolean;
    readonly conflict: boolean;
    readonly calls: readonly Call[];
    readonly end: string;
  }
  | {
    readonly do: "close";
    readonly at: number;
    readonly before: readonly Call[];
    readonly how: "quit" | "disconnect" | "end" | "disconnect(true)";
    readonly after: readonly Call[];
  }
  | { readonly do: "connect"; readonly at: number; readonly before: readonly Call[] }
  | { readonly do: "kill"; readonly at: number; readonly blocked: boolean; readonly calls: readonly Call[] }
  | { readonly do: "duplicate"; readonly at: number; readonly options: Readonly<Record<string, unknown>> }
  | { readonly do: "scan"; readonly at: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly do: "define"; readonly at: number; readonly name: string; readonly script: object }
  | { readonly do: "publish"; readonly method: string; readonly channel: string; readonly message: unknown };

/** The properties of a program that keep its outcome independent of chance. */
interface Kind {
  /** Sharded channels, and no others. */
  readonly sharded: boolean;
  /**
   * Whether it has `reconnectOnError` and no other losses; with some options, ioredis then has rejections
   * that no caller can handle.
   */
  readonly reconnects: boolean;
  /** `keyPrefix`. */
  readonly prefixed: boolean;
}

const GROUPS = ["strings", "bits", "keys", "lists", "hashes", "sets", "sorted", "streams", "logs"];
/** Commands whose replies depend on chance, on time, or on other clients; ioredis adds keys to those with a wrong count. */
const UNSTABLE =
  /^(?:spop|srandmember|hrandfield|zrandmember|randomkey|swapdb|flush\w+|sort|select|sintercard|[lz]mpop|z(?:union|inter|diff)\w*|smembers|s(?:inter|union|diff)|geo\w+|xinfo|xpending|dump|object|p?ttl|move|dbsize|keys)$/;
const SCRIPTS: readonly object[] = [
  { lua: "return {KEYS, ARGV}", numberOfKeys: 1 },
  { lua: "return {KEYS, ARGV}" },
  { lua: "return redis.call('incr', KEYS[1])", numberOfKeys: 1 },
  { lua: "return redis.error_reply('MY own')", numberOfKeys: 0 },
  { lua: "return {1, {2.5, 'x'}, false}", numberOfKeys: 0, readOnly: true },
];
const CHANNELS = ["a", "b", "ch:1"];

function isNumber(word: unknown): word is string {
  return typeof word === "string" && word !== "" && String(Number(word)) === word;
}

/** Gives words one of the forms that ioredis takes. */
function reshape(dice: Dice, name: string, words: readonly string[]): unknown[] {
  const args: unknown[] = words.map((word) => {
    if (isNumber(word) && dice.oneIn(2)) return Number(word);
    return dice.oneIn(8) ? Buffer.from(word) : word;
  });
  if (dice.oneIn(12) && args.length > 0) {
    const odd = [
      null,
      undefined,
      true,
      12n,
      NaN,
      -0,
      1e21,
      new Date(0),
      {},
      [[]],
      [],
      new Uint8Array([255, 0]),
    ];
    args[dice.below(args.length)] = dice.pick(odd);
  }
  const fixed = /^m?set(?:nx)?$/.test(name) ? 0 : 1;
  const rest = args.slice(fixed);
  if (
    /^(?:mset|msetnx|hset|hmset)$/.test(name) && rest.length > 0 && rest.length % 2 === 0 && dice.oneIn(2)
  ) {
    const pairs = Array.from(
      { length: rest.length / 2 },
      (_, at) => [rest[2 * at], rest[2 * at + 1]] as const,
    );
    const shaped = dice.oneIn(2) ? new Map(pairs) : Object.fromEntries(pairs.map(([k, v]) => [String(k), v]));
    return [...args.slice(0, fixed), shaped];
  }
  switch (dice.below(8)) {
    case 0:
      return [args];
    case 1:
      return [...args.slice(0, 1), args.slice(1)];
    case 2:
      return [...args, []];
    default:
      return args;
  }
}

function rollCall(dice: Dice, prefixed: boolean): Call {
  const callback = dice.oneIn(6);
  if (dice.oneIn(12)) {
    return {
      method: dice.pick(["mine", "mineBuffer"]),
      args: dice.pick([["k1"], [1, "k1", "x"], [0]]),
      callback,
    };
  }
  if (dice.oneIn(25)) return { method: "select", args: [dice.pick([0, 1, "1"])], callback };
  for (;;) {
    let words = rollCommand(dice, dice.pick(GROUPS));
    // With a prefix, ioredis adds keys that are missing: "undefined", with the prefix.
    if (!prefixed && dice.oneIn(10)) words = mutate(dice, words);
    const name = words[0]!.toLowerCase();
    if (UNSTABLE.test(name) || words.includes("*") || /^[^a-z]/.test(name)) continue;
    const args = reshape(dice, name, words.slice(1));
    if (prefixed && args.flat().length < words.length - 1) continue;
    if (dice.oneIn(8)) {
      return {
        method: dice.pick(["call", "callBuffer"]),
        args: [dice.oneIn(2) ? name : words[0], ...args],
        callback,
      };
    }
    return { method: dice.oneIn(6) ? `${name}Buffer` : name, args, callback };
  }
}

function rollCalls(dice: Dice, kind: Kind, least: number, most: number): Call[] {
  return Array.from({ length: dice.between(least, most) }, () => rollCall(dice, kind.prefixed));
}

function maybe<T>(dice: Dice, n: number, value: T): T | undefined {
  return dice.oneIn(n) ? value : undefined;
}

/** Options of a client; `delays` are those of its retryStrategy, `reconnect` is the answer of reconnectOnError. */
function rollOptions(dice: Dice, { prefixed, reconnects }: Kind): Record<string, unknown> {
  const protocol = dice.pick([undefined, 2, 3]);
  const options = {
    protocol,
    replyMapping: protocol === 3 ? maybe(dice, 4, "resp3") : undefined,
    keyPrefix: prefixed ? dice.pick([undefined, "p:"]) : undefined,
    stringNumbers: maybe(dice, 5, true),
    enableAutoPipelining: maybe(dice, 5, true),
    lazyConnect: maybe(dice, 3, true),
    db: maybe(dice, 3, 2),
    enableReadyCheck: maybe(dice, 4, false),
    enableOfflineQueue: reconnects ? undefined : maybe(dice, 6, false),
    autoResubscribe: maybe(dice, 4, false),
    showFriendlyErrorStack: maybe(dice, 5, true),
    maxRetriesPerRequest: reconnects ? null : dice.pick([undefined, null, 0, 1]),
    delays: dice.pick([[1, 1, 1, 1, 1, 1], [1], [], [0, 2, 0, 2]]),
    reconnect: reconnects ? dice.pick([true, 1, 2, false]) : undefined,
    scripts: maybe(dice, 4, { mine: dice.pick(SCRIPTS) }),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Under RESP2, ioredis forgets sharded channels when the last other one has gone: a program has one kind. */
function rollSubscriptions(dice: Dice, { sharded }: Kind): Call[] {
  return Array.from({ length: dice.between(1, 4) }, () => {
    const method = dice.pick(
      sharded ? ["ssubscribe", "sunsubscribe"] : ["subscribe", "psubscribe", "unsubscribe", "punsubscribe"],
    );
    const names = Array.from({ length: dice.between(1, 3) }, () => dice.pick(CHANNELS));
    const args = dice.oneIn(4) ? [names] : names;
    return { method, args: method === "psubscribe" ? ["c*"] : args, callback: dice.oneIn(5) };
  });
}

function rollStep(dice: Dice, clients: number, kind: Kind): Step {
  const at = dice.below(clients);
  switch (dice.below(16)) {
    case 0:
      return { do: "make", options: rollOptions(dice, kind) };
    case 1:
    case 2:
    case 3:
    case 4: {
      const start = dice.pick(["pipeline", "multi"] as const);
      return {
        do: "pipeline",
        at,
        start,
        list: dice.oneIn(6),
        calls: rollCalls(dice, kind, 0, 5),
        end: start === "multi" && dice.oneIn(3) ? "execBuffer" : "exec",
        callback: dice.oneIn(4),
      };
    }
    case 5:
      return {
        do: "transaction",
        at,
        watched: dice.oneIn(2),
        conflict: dice.oneIn(2),
        calls: rollCalls(dice, kind, 0, 3),
        end: dice.pick(["exec", "exec", "execBuffer", "discard"]),
      };
    case 6: {
      const how = dice.pick(["quit", "disconnect", "end", "disconnect(true)"] as const);
      // A server that closes with unread data resets the connection, and the reply of QUIT may be lost with it.
      const after = how === "quit" ? [] : rollCalls(dice, kind, 0, 2);
      return { do: "close", at, before: rollCalls(dice, kind, 0, 2), how, after };
    }
    case 7:
      return { do: "connect", at, before: rollCalls(dice, kind, 0, 1) };
    case 8:
      return { do: "kill", at, blocked: dice.oneIn(2), calls: rollCalls(dice, kind, 0, 3) };
    case 9:
      return {
        do: "duplicate",
        at,
        options: dice.oneIn(2) ? {} : { ...(kind.prefixed ? { keyPrefix: "q:" } : {}), db: 1 },
      };
    case 10: {
      const method = dice.pick([
        "scanStream",
        "hscanStream",
        "sscanStream",
        "zscanStream",
        "scanBufferStream",
      ]);
      const options = dice.pick([undefined, { match: "*1*" }, { count: 2 }, { type: "string" }]);
      return { do: "scan", at, method, args: method.startsWith("scan") ? [options] : ["k1", options] };
    }
    case 11:
      return { do: "define", at, name: "mine", script: dice.pick(SCRIPTS) };
    case 12:
      return { do: "burst", at, calls: rollSubscriptions(dice, kind) };
    case 13: {
      const method = dice.pick(["publish", "publish", "spublish"]);
      return {
        do: "publish",
        method,
        channel: dice.pick(CHANNELS),
        message: dice.pick(["m", "", Buffer.from([0, 255])]),
      };
    }
    default:
      return { do: "burst", at, calls: rollCalls(dice, kind, 1, 6) };
  }
}

/** A program from a seed. */
export function rollProgram(seed: number, length = 14): Step[] {
  const dice = new Dice(seed);
  const kind = { sharded: seed % 4 === 0, reconnects: seed % 4 === 1, prefixed: seed % 3 === 0 };
  const steps: Step[] = [{ do: "make", options: rollOptions(dice, kind) }];
  let clients = 1;
  while (steps.length < length) {
    const step = rollStep(dice, clients, kind);
    if (kind.reconnects && (step.do === "close" || step.do === "kill")) continue;
    if (step.do === "make" || step.do === "duplicate") {
      if (clients === 3) continue;
      clients++;
    }
    steps.push(step);
  }
  return steps;
}
