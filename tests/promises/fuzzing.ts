/**
 * Conversations with a real server, damaged at random, and the properties of a client that receives them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import fc from "../harness/properties.ts";
import { ProtocolError, RedisError } from "../../src/errors.ts";
import { Decoder } from "../../src/resp/decoder.ts";
import { DecodeMode } from "../../src/resp/types.ts";
import { encodeCommand, Raw } from "../harness/resp.ts";
import { closeClean, Follower, settleAll, stage } from "./support.ts";

/** Commands whose replies have every shape that a server gives. */
const COMMANDS: readonly (readonly string[])[] = [
  ["PING"],
  ["SET", "k", "v"],
  ["GET", "k"],
  ["GET", "missing"],
  ["INCR", "n"],
  ["INCR", "k"],
  ["RPUSH", "list", "a", "b", "c"],
  ["LRANGE", "list", "0", "-1"],
  ["HSET", "hash", "f", "1", "g", "2"],
  ["HGETALL", "hash"],
  ["SADD", "set", "x", "y"],
  ["SMEMBERS", "set"],
  ["ZADD", "sorted", "1.5", "a", "-inf", "b"],
  ["ZRANGE", "sorted", "0", "-1", "WITHSCORES"],
  ["XADD", "stream", "1-1", "f", "v"],
  ["XRANGE", "stream", "-", "+"],
  ["GEOADD", "geo", "13.4", "52.5", "berlin"],
  ["GEOPOS", "geo", "berlin", "missing"],
  ["COMMAND", "INFO", "GET"],
  ["CONFIG", "GET", "maxmemory*"],
  ["OBJECT", "ENCODING", "list"],
  ["LOLWUT"],
  ["NOSUCH"],
];

/** The bytes that a server sends to all connections, in one piece. */
export interface Conversation {
  /** The version of RESP. */
  readonly protocol: 2 | 3;
  /** The bytes. */
  readonly bytes: Uint8Array;
}

/** Records what a server says. */
export async function record(port: number, protocol: 2 | 3): Promise<Conversation> {
  const socket = connect({ host: "127.0.0.1", port });
  const chunks: Uint8Array[] = [];
  const say = (commands: readonly (readonly string[])[]): void => {
    for (const words of commands) socket.write(encodeCommand(words));
  };
  say([["HELLO", String(protocol)], ["FLUSHALL"], ["ECHO", "begin"], ...COMMANDS, ["QUIT"]]);
  socket.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  await new Promise<void>((resolve, reject) => {
    socket.on("end", resolve);
    socket.on("error", reject);
  });
  const all = Buffer.concat(chunks);
  const begin = "$5\r\nbegin\r\n";
  return { protocol, bytes: new Uint8Array(all.subarray(all.indexOf(begin) + begin.length)) };
}

/** Pieces that are likely to break a parser in a wrong place. */
const PIECES = [
  "\r\n",
  "\r",
  "\n",
  "$-1\r\n",
  "*-1\r\n",
  "_\r\n",
  "$0\r\n\r\n",
  "*0\r\n",
  "*4294967296\r\n",
  "$536870912\r\n",
  "$99999999999\r\n",
  "*1\r\n".repeat(200),
  "%1\r\n",
  "~1\r\n",
  ">1\r\n",
  "|1\r\n",
  ">2\r\n$7\r\nmessage\r\n",
  "$?\r\n",
  ";0\r\n",
  ".\r\n",
  "*?\r\n",
  "(1234567890123456789012345\r\n",
  ",nan\r\n",
  "#t\r\n",
  "=4\r\ntxt:\r\n",
  "!5\r\nERR x\r\n",
  "-ERR x\r\n",
  "\0",
  "\xff\xfe",
  "HTTP/1.1 200 OK\r\n",
  "-MOVED 1 a:1\r\n",
  "+",
  ":",
  "*",
];

/** One thing that is done to a conversation; places are shares of its length. */
type Mutation =
  | { readonly do: "flip"; readonly at: number; readonly bit: number }
  | { readonly do: "cut"; readonly at: number; readonly length: number }
  | { readonly do: "repeat"; readonly at: number; readonly length: number }
  | { readonly do: "insert"; readonly at: number; readonly piece: number }
  | { readonly do: "end"; readonly at: number };

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const length = fc.integer({ min: 1, max: 40 });

/** Few changes: most of what is said stays good, and all of it stays plausible. */
const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("flip" as const), at: place, bit: fc.nat(7) }),
    fc.record({ do: fc.constant("cut" as const), at: place, length }),
    fc.record({ do: fc.constant("repeat" as const), at: place, length }),
    fc.record({ do: fc.constant("insert" as const), at: place, piece: fc.nat(PIECES.length - 1) }),
    fc.record({ do: fc.constant("end" as const), at: place }),
  ),
  { minLength: 1, maxLength: 6 },
);

function mutate(bytes: Uint8Array, list: readonly Mutation[]): Uint8Array {
  let all: number[] = [...bytes];
  for (const mutation of list) {
    const at = Math.floor(mutation.at * all.length);
    if (mutation.do === "flip") all[at] = (all[at] ?? 0) ^ (1 << mutation.bit);
    else if (mutation.do === "cut") all.splice(at, mutation.length);
    else if (mutation.do === "repeat") all.splice(at, 0, ...all.slice(at, at + mutation.length));
    else if (mutation.do === "end") all = all.slice(0, at);
    else all.splice(at, 0, ...[...PIECES[mutation.piece]!].map((character) => character.charCodeAt(0)));
  }
  return Uint8Array.from(all);
}

/** The length and the start of a search. */
export interface Search {
  /** The same seed searches the same way. */
  readonly seed: number;
  /** The time limit in milliseconds; default: none. */
  readonly time?: number;
  /** The number of tries. Default: what the time allows. */
  readonly tries?: number;
}

function bounds({ seed, time, tries = 100_000_000 }: Search): fc.Parameters<unknown> {
  return {
    seed,
    numRuns: tries,
    ...time === undefined ? {} : { interruptAfterTimeLimit: time, markInterruptAsFailure: false },
    endOnFailure: true,
  };
}

/** Looks for bytes on which the decoder does anything but decode, or refuse by a `ProtocolError`. Returns the tries. */
export function fuzzDecoder(conversations: readonly Conversation[], search: Search): number {
  let tries = 0;
  const property = fc.property(
    fc.constantFrom(...conversations),
    mutations,
    fc.integer({ min: 1, max: 400 }),
    fc.constantFrom(DecodeMode.text, DecodeMode.bytes, DecodeMode.replace, DecodeMode.attributes),
    ({ bytes }, list, size, mode) => {
      tries++;
      const nothing = (): void => {};
      const decoder = new Decoder({ begin: () => mode, reply: nothing, error: nothing, push: nothing });
      const broken = mutate(bytes, list);
      try {
        for (let at = 0; at < broken.length; at += size) {
          const chunk = broken.slice(at, at + size);
          decoder.write(chunk);
          chunk.fill(0xee);
        }
      } catch (error) {
        assert.ok(error instanceof ProtocolError, `${error}`);
        assert.ok(error.message.length < 300);
      }
    },
  );
  fc.assert(property, bounds(search) as fc.Parameters<[Conversation, Mutation[], number, 0 | 1 | 4 | 8]>);
  return tries;
}

/** Looks for bytes on which a client hangs, leaks, or rejects without saying what may have run. Returns the tries. */
export async function fuzzClient(conversations: readonly Conversation[], search: Search): Promise<number> {
  let tries = 0;
  const property = fc.asyncProperty(
    fc.constantFrom(...conversations),
    mutations,
    fc.integer({ min: 1, max: 400 }),
    async ({ bytes, protocol }, list, chunkSize) => {
      tries++;
      let said = false;
      const set = stage({ protocol, commandTimeout: 1_000, healthCheckInterval: 0 }, {
        script: ([name], connection) => {
          if (said || name === "HELLO" || name === "CLIENT") return connection.serve();
          said = true;
          connection.send(new Raw(mutate(bytes, list)));
          return undefined;
        },
      }, { chunkSize });
      const calls = COMMANDS.map(([name, ...args]) => new Follower(set.redis.command(name!, ...args)));
      for (const outcome of await settleAll(set.clock, calls)) {
        if ("value" in outcome) continue;
        assert.ok(outcome.error instanceof RedisError, String(outcome.error));
        assert.ok(["no", "yes", "unknown"].includes(outcome.error.executed));
      }
      await closeClean(set);
    },
  );
  await fc.assert(property, bounds(search) as fc.Parameters<[Conversation, Mutation[], number]>);
  return tries;
}
