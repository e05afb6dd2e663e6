import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { blpop } from "../../src/commands/list.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { isDealt } from "../harness/share.ts";
import { TrackingServer } from "./tracking_server.ts";

const KEYS = ["a", "b", "c"] as const;
/** Milliseconds that a value may outlive its key. */
const LATE = 100;

/** All that is ready to run runs. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A cached client, another one without a cache on the same pool, and what they may read. */
class Rig {
  readonly clock: SimulatedClock;
  readonly server: TrackingServer;
  readonly cached: Redis;
  readonly plain: Redis;
  readonly trace: string[] = [];
  /** The number that the last acknowledged write of each key stored. */
  readonly acknowledged: Map<string, number> = new Map();
  readonly wrong: string[] = [];
  readonly #running: Map<Promise<unknown>, string> = new Map();
  #writes = 0;

  constructor(seed: number) {
    this.clock = new SimulatedClock({ seed });
    this.server = new TrackingServer(this.clock);
    this.cached = new Redis({
      transport: this.server.transport(1 + this.below(40)),
      clock: this.clock,
      cache: { ttl: this.below(2) * 500 },
      libName: false,
      healthCheckInterval: 0,
      commandTimeout: 60_000,
      reconnect: { backoff: "constant:1" },
    });
    this.plain = new Redis({ pool: this.cached.pool });
  }

  below(limit: number): number {
    return Math.floor(this.clock.random() * limit);
  }

  read(): void {
    const keys = KEYS.slice(0, 1 + this.below(2) * 2);
    const ttl = this.below(4) * 50;
    const client = this.below(3) === 0 ? this.cached.with({ cache: { ttl } }) : this.cached;
    const called = this.clock.now();
    const least = keys.map((key) => this.acknowledged.get(key) ?? 0);
    const one = keys.length === 1;
    const reading = one ? client.get(keys[0]!).then((value) => [value]) : client.mget(keys);
    this.#run(`read ${keys}`, reading, (values) => {
      values.forEach((value, at) => this.#check(keys[at]!, value, least[at]!, called));
    });
  }

  write(): void {
    const key = KEYS[this.below(KEYS.length)]!;
    const name = `w${++this.#writes}`;
    const px = 1 + this.below(400);
    const ways: Record<string, () => Promise<unknown>> = {
      set: () => this.cached.set(key, name),
      expiring: () => this.cached.set(key, name, { px }),
      command: () => this.cached.command("set", key, name),
      pipeline: () => this.cached.pipeline().get("a").set(key, name).exec(),
      multi: () => this.cached.multi().get("a").set(key, name).exec(),
      eval: () => this.cached.command("EVAL", "script", "1", key, name),
      watch: () => this.cached.watch(key, (tx) => tx.multi().set(key, name)),
      "watch and set": () => this.cached.watch("b", (tx) => tx.set(key, name)),
      lease: async () => {
        using connection = await this.cached.pool.acquire();
        await connection.send(["SET", key, name]);
      },
      "multi on a lease": async () => {
        using connection = await this.cached.pool.acquire();
        await Promise.all([["MULTI"], ["SET", key, name], ["EXEC"]].map((words) => connection.send(words)));
      },
      packed: async () => {
        using connection = await this.cached.pool.acquire();
        await connection.sendPacked(connection.packCommand(["SET", key, name]));
      },
      blocking: () => this.cached.execute(blpop([key, name], 0)),
      "another client": () => this.plain.set(key, name),
      "another client's pipeline": () => this.plain.pipeline().set(key, name, { px }).exec(),
    };
    const way = Object.keys(ways)[this.below(Object.keys(ways).length)]!;
    this.#run(`write ${way} ${key}`, ways[way]!(), () => {
      const { order } = this.server.written.get(name)!;
      this.acknowledged.set(key, Math.max(order, this.acknowledged.get(key) ?? 0));
    });
  }

  async step(): Promise<void> {
    switch (this.below(16)) {
      case 0:
      case 1:
        this.write();
        break;
      case 2: {
        const key = KEYS[this.below(KEYS.length)]!;
        this.trace.push(`foreign write ${key}`);
        this.server.write(key, `f${++this.#writes}`, this.below(2) === 0 ? Infinity : 1 + this.below(300));
        break;
      }
      case 3:
        this.server.unblock();
        break;
      case 4: {
        const ms = this.below(120);
        this.trace.push(`${ms} ms`);
        await this.clock.advance(ms);
        break;
      }
      case 5:
        if (this.below(4) === 0) {
          this.trace.push("cut");
          this.server.cut(this.below(8));
        }
        break;
      case 6:
      case 7:
      case 8:
      case 9:
        this.read();
        break;
      default:
        this.trace.push("deliver");
        this.server.deliver(this.below(8), 1 + this.below(3));
    }
    if (this.below(3) > 0) await settle();
  }

  /** Lets all come in, and looks whether the cache says what the server says. */
  async end(): Promise<void> {
    await this.#drain();
    // There is a connection then, which the last reads do not have to wait for.
    this.#run("ping", this.cached.ping(), () => {});
    await this.#drain();
    const values = Promise.all(KEYS.map((key) => this.cached.get(key)));
    this.#run("the last reads", values, (read) => {
      const stored = KEYS.map((key) => this.server.value(key)?.order.toString() ?? null);
      if (String(read) !== String(stored)) this.wrong.push(`read ${read} at the end, not ${stored}`);
    });
    for (let turn = 0; this.#running.size + this.server.speaking > 0; turn++) {
      assert.ok(turn < 2_000, `${[...this.#running.values()]} hangs`);
      this.server.deliver(0, 10);
      await settle();
    }
    const closing = Promise.all([this.cached.close(), this.plain.close()]);
    await this.clock.advance(20_000);
    await closing;
  }

  async #drain(): Promise<void> {
    for (let turn = 0; this.#running.size > 0; turn++) {
      assert.ok(turn < 2_000, `${[...this.#running.values()]} hangs:\n${this.trace.join("\n")}`);
      this.server.unblock();
      this.server.deliver(0, 10);
      await this.clock.advance(2);
    }
  }

  #run<T>(what: string, promise: Promise<T>, done: (value: T) => void): void {
    this.trace.push(what);
    const running: Promise<unknown> = promise.then((value) => {
      this.trace.push(`${what}: ${JSON.stringify(value)}`);
      done(value);
    }, () => this.trace.push(`${what} failed`)).finally(() => this.#running.delete(running));
    this.#running.set(running, what);
  }

  #check(key: string, value: string | null, least: number, called: number): void {
    const { history } = this.server;
    if (value === null) {
      // It was never written, or what was written last, or later, has expired.
      const gone = [...history.values()].some(({ order, expires }) =>
        order >= least && expires <= this.clock.now()
      );
      if (least > 0 && !gone) this.wrong.push(`${key} is missing after ${least} was acknowledged`);
      return;
    }
    if (Number(value) < least) this.wrong.push(`${key} was ${value} after ${least} was acknowledged`);
    const { expires } = history.get(Number(value))!;
    if (expires + LATE <= called) {
      this.wrong.push(`${key} was ${value}, ${called - expires} ms after it expired`);
    }
  }
}

describe("the client-side cache under random interleavings", () => {
  for (let group = 0; group < 8; group++) {
    it(`returns nothing older than what was written, and nothing long after it expired (${group})`, async () => {
      let hits = 0;
      for (let seed = group * 40 + 1; seed <= (group + 1) * 40; seed++) {
        if (!isDealt(seed)) continue;
        const rig = new Rig(seed);
        for (let step = 0; step < 150; step++) await rig.step();
        await rig.end();
        assert.deepEqual(rig.wrong, [], `seed ${seed}:\n${rig.trace.join("\n")}`);
        hits += rig.cached.cache!.stats().hits;
      }
      assert.ok(hits > 100, `${hits} hits`);
    });
  }
});
