/**
 * Un-awaited calls with the same keys run in the order of the calls, although large replies come over a connection of
 * their own: random programs on a real server, and a model that runs one call after the other.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { Dice } from "../harness/dice.ts";
import { type Server, startServer } from "../harness/server.ts";
import { openFurther } from "./further.ts";

const SEEDS = Number(process.env.KEYWIRE_PROGRAMS ?? 2);
const FIRST = Number(process.env.KEYWIRE_SEED ?? 1);
const CALLS = 120;
const KEYS = ["one", "two", "three"];
const LARGE = "x".repeat(600_000);
const STRLEN = "return redis.call('STRLEN', KEYS[1])";

let server: Server;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

/** Runs calls one after the other. */
class Model {
  readonly #values = new Map<string, string>();

  get(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  strlen(key: string): number {
    return this.#values.get(key)?.length ?? 0;
  }

  set(key: string, value: string): "OK" {
    this.#values.set(key, value);
    return "OK";
  }

  del(key: string): number {
    return Number(this.#values.delete(key));
  }

  flush(): "OK" {
    this.#values.clear();
    return "OK";
  }
}

/** Calls a random command of the client and of the model. */
function call(redis: Redis, model: Model, dice: Dice, number: number): [Promise<unknown>, unknown] {
  const key = dice.pick(KEYS);
  const other = dice.pick(KEYS);
  const small = `small ${number}`;
  switch (dice.below(16)) {
    case 0:
    case 1:
      return [redis.set(key, small), model.set(key, small)];
    case 2:
    case 3: {
      const large = `${number} ${LARGE}`;
      return [redis.set(key, large), model.set(key, large)];
    }
    case 4:
      return [redis.append(key, "+"), model.set(key, (model.get(key) ?? "") + "+") && model.strlen(key)];
    case 5:
      return [redis.strlen(new TextEncoder().encode(key)), model.strlen(key)];
    case 6:
      return [redis.getrange(key, 0, 9), (model.get(key) ?? "").slice(0, 10)];
    case 7:
      return [redis.mget([key, other]), [model.get(key), model.get(other)]];
    case 8:
      return [redis.eval(STRLEN, [key], []), model.strlen(key)];
    case 9: {
      const batch = redis.pipeline().strlen(key).set(other, small).get(key);
      return [batch.exec(), [model.strlen(key), model.set(other, small), model.get(key)]];
    }
    case 10: {
      const batch = redis.multi().set(key, small).strlen(other);
      return [batch.exec(), [model.set(key, small), model.strlen(other)]];
    }
    case 11:
      if (dice.oneIn(3)) return [redis.flushdb(), model.flush()];
      return [redis.del([key]), model.del(key)];
    default:
      return [redis.get(key), model.get(key)];
  }
}

describe("large replies over a connection of their own", () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    it(`keep the order of calls with the same key (seed ${seed})`, async () => {
      await using redis = new Redis({ host: server.host, port: server.port });
      await redis.flushdb();
      await openFurther(redis, KEYS);
      await redis.flushdb();
      const dice = new Dice(seed);
      const model = new Model();
      const expected: unknown[] = [];
      const replies: Promise<unknown>[] = [];
      for (let number = 0; number < CALLS; number++) {
        const [reply, value] = call(redis, model, dice, number);
        replies.push(reply);
        expected.push(value);
        if (dice.oneIn(6)) await new Promise((resolve) => setImmediate(resolve));
        if (dice.oneIn(10)) await dice.pick(replies);
      }
      const found = await Promise.all(replies);
      const wrong = found.findIndex((reply, at) => !same(reply, expected[at]));
      assert.equal(wrong, -1, `call ${wrong}: ${brief(found[wrong])} instead of ${brief(expected[wrong])}`);
    });
  }
});

/** Without a description of large values. */
function same(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other;
  return one.length === other.length && one.every((part, at) => part === other[at]);
}

function brief(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(brief)}]` : String(value).slice(0, 20);
}
