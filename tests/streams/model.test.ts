/**
 * A group under random consumers, crashes, lost replies, failures and messages given back. Whatever happens: each
 * message is handled at least once, none is acknowledged before, and none stays behind.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis, type StreamMessage } from "../../mod.ts";
import { consume } from "../../src/client/streams/consume.ts";
import { handle } from "../../src/client/streams/handle.ts";
import { olderThan } from "../harness/binaries.ts";
import { type Server, startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";
import { lossy } from "./lossy.ts";

const MESSAGES = 60;
const CONSUMERS = 3;

/** Numbers from 0 to 1 that a seed determines. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) / 4_294_967_296;
  };
}

describe("a group under random faults", { skip: olderThan("6.2.0", "XPENDING with IDLE") }, () => {
  let server: Server;
  let redis: Redis;
  before(async () => {
    server = await startServer();
    redis = new Redis(server.url);
  });
  after(async () => {
    await redis.close();
    await server.stop();
  });

  // Without claims nothing makes up for messages that a consumer has been given and does not know of.
  for (const [seed, claims] of [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => [seed, seed % 2 === 0] as const)) {
    it(`handles every message, ${claims ? "with claims" : "each consumer by itself"}, seed ${seed}`, async () => {
      const random = randomOf(seed);
      const streams = [`a${seed}`, `b${seed}`];
      const handled: Set<string> = new Set();
      const broken: string[] = [];
      const over = new AbortController();
      let faults = 150;
      const chance = (probability: number): boolean => faults > 0 && random() < probability && faults-- > 0;

      /** Does the work on a message; true when it is done and may be acknowledged. */
      const work = async ({ stream, fields, deliveries }: StreamMessage): Promise<boolean> => {
        if (deliveries < 1) broken.push(`delivery ${deliveries} of ${fields.n}`);
        if (random() < 0.3) await redis.ping();
        if (chance(0.15)) return false;
        handled.add(`${stream} ${fields.n}`);
        return true;
      };

      /** One life of a consumer, which ends in a crash, or when all is over. */
      const live = async (consumer: string): Promise<void> => {
        const crash = new AbortController();
        const client = redis.with({ retry: { unsafe: random() < 0.5 } });
        const target = lossy(client, () => chance(0.05));
        const given = {
          stream: streams,
          group: "g",
          consumer,
          block: 20,
          ...claims && { claim: { minIdle: 40, every: 10 } },
          count: 1 + Math.floor(random() * 5),
          maxDeliveries: 1_000_000,
          signal: AbortSignal.any([over.signal, crash.signal]),
        };
        if (random() < 0.5) {
          await handle(
            target,
            { ...given, concurrency: 3, retryDelay: 5 },
            async (message: StreamMessage) => {
              const done = await work(message);
              if (chance(0.03)) crash.abort();
              if (!done) throw new Error("failed");
            },
          );
          return;
        }
        for await (const message of consume(target, given) as AsyncIterable<StreamMessage>) {
          const done = await work(message);
          // A crash: neither acknowledged nor given back.
          if (chance(0.05)) return;
          const settled = done ? message.ack() : !claims || chance(0.5) ? message.nack(5) : Promise.resolve();
          const lost = await settled.then(() => false, () => true);
          // Without claims it is delivered again to the next life only.
          if (lost && !claims) return;
        }
      };

      const consumers = Array.from({ length: CONSUMERS }, async (_, index) => {
        let life = 0;
        while (!over.signal.aborted) {
          // Some consumers take the same name again, some never return.
          const name = !claims || random() < 0.5 ? `c${index}` : `c${index}-${life++}`;
          await live(name);
        }
      });
      for (let n = 0; n < MESSAGES; n++) {
        await redis.xadd(streams[n % 2]!, "*", { n });
        if (n % 7 === 0) await redis.ping();
      }
      try {
        await waitFor("all messages", async () => {
          for (const stream of streams) {
            const { count } = await redis.xpending(stream, "g");
            const { "last-delivered-id": last } = (await redis.xinfoGroups(stream))[0]!;
            const [end] = await redis.xrevrange(stream, "+", "-", { count: 1 });
            if (count > 0 || last !== end!.id) {
              return `${stream}: ${count} pending, up to ${last} of ${end!.id}`;
            }
          }
          return undefined;
        }, 30_000);
      } finally {
        over.abort();
        await Promise.all(consumers);
      }
      assert.deepEqual(broken, []);
      const all = Array.from({ length: MESSAGES }, (_, n) => `${streams[n % 2]} ${n}`);
      assert.deepEqual(all.filter((one) => !handled.has(one)), [], "acknowledged without being handled");
    });
  }
});
