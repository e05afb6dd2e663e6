/**
 * Every call on a cluster settles by its deadline: a model of nodes that freeze, refuse, redirect, and end connections, some
 * of them in the turn in which they open.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "../harness/properties.ts";
import { BlockingClusterConnectionPool, type ClusterConnectionPool, RedisCluster } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
// Loaded when it is first used, which simulated time does not wait for.
import "../../src/client/lazy_modules.ts";
import type { Transport } from "../../src/transport.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { type Belief, dealt, FakeCluster } from "./fake_cluster.ts";

const TIMEOUT = 400;
const CONNECT = 300;
const PLACE = 200;
const KEYS = ["a", "b", "c", "d", "e"];
const PORTS = [7000, 7001, 7002, 7100, 7101, 7102];

/** A call, and by how many milliseconds its deadline is later than that of a command. */
interface CallKind {
  readonly more?: number;
  run(redis: RedisCluster, key: string): Promise<unknown>;
}

/** Gives a connection back. */
async function lent(lease: Promise<Disposable>): Promise<void> {
  (await lease)[Symbol.dispose]();
}

const CALLS: Readonly<Record<string, CallKind>> = {
  get: { run: (redis, key) => redis.get(key) },
  set: { run: (redis, key) => redis.set(key, "v") },
  mget: { run: (redis) => redis.mget(...KEYS) },
  dbsize: { run: (redis) => redis.dbsize() },
  echo: { run: (redis) => redis.echo("x") },
  pipeline: { run: (redis, key) => redis.pipeline().set(key, 1).get("b").dbsize().exec() },
  multi: { run: (redis, key) => redis.multi().set(key, 1).get(key).exec() },
  // Its transaction has a deadline of its own, behind that of the lease and that of the read.
  watch: {
    more: 4 * TIMEOUT,
    run: (redis, key) => redis.watch(key, async (tx) => tx.multi().set(key, `${await tx.get(key)}`)),
  },
  blpop: { more: 100 + 1_000, run: (redis, key) => redis.blpop(key, 0.1) },
  subscribe: { run: (redis, key) => redis.subscribe(key, () => {}) },
  ssubscribe: { run: (redis, key) => redis.ssubscribe(key, () => {}) },
  // A single attempt may take longer.
  slot: { more: CONNECT + PLACE, run: (redis, key) => lent(redis.pool.acquireBySlot(slotOf(key))) },
  random: { more: CONNECT + PLACE, run: (redis) => lent(redis.pool.acquireRandom()) },
};

type Step =
  | { readonly call: string; readonly key: string }
  | { readonly fault: "freeze" | "thaw" | "down" | "up" | "cut" | "abrupt" | "move"; readonly port: number }
  | { readonly wait: number };

interface Plan {
  readonly multiplex: boolean;
  readonly places: number;
  readonly readFrom: "master" | "preferReplica";
  readonly steps: readonly Step[];
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ call: fc.constantFrom(...Object.keys(CALLS)), key: fc.constantFrom(...KEYS) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      fault: fc.constantFrom("freeze", "thaw", "down", "up", "cut", "abrupt", "abrupt", "move"),
      port: fc.constantFrom(...PORTS),
    }),
  },
  { weight: 2, arbitrary: fc.record({ wait: fc.constantFrom(0, 1, 30, 260, 700) }) },
);

const plans: fc.Arbitrary<Plan> = fc.record({
  multiplex: fc.boolean(),
  places: fc.constantFrom(2, 5, 1_000),
  readFrom: fc.constantFrom("master", "preferReplica"),
  steps: fc.array(step, { minLength: 5, maxLength: 40 }),
});

const withReplicas = ({ epoch, shards }: Belief): Belief => {
  return { epoch, shards: shards.map((shard) => ({ ...shard, replicas: [shard.master + 100] })) };
};

/** The nodes, and what is wrong with them. */
class Troubled {
  readonly fake: FakeCluster = new FakeCluster(withReplicas(dealt(3)));
  readonly #frozen: Map<number, Promise<void>> = new Map();
  readonly #thaws: Map<number, () => void> = new Map();
  /** The nodes whose connections end after a number of microtasks; each connection adds one, up to 24. */
  readonly #abrupt: Map<number, number> = new Map();

  constructor() {
    this.fake.before = (port) => this.#frozen.get(port)?.then(() => undefined) as never;
  }

  transport(): Transport {
    const inner = this.fake.transport();
    return {
      name: "troubled",
      connect: async (endpoint, options, handlers) => {
        const port = "port" in endpoint ? endpoint.port : 0;
        const turns = this.#abrupt.get(port);
        const socket = await inner.connect(endpoint, options, handlers);
        if (turns === undefined) return socket;
        this.#abrupt.set(port, (turns + 1) % 25);
        (async () => {
          for (let turn = 0; turn < turns; turn++) await undefined;
          handlers.close(new Error("reset"));
          handlers = { data() {}, close() {} };
          socket.destroy();
        })();
        return socket;
      },
    };
  }

  cause(fault: string, port: number): void {
    const { fake } = this;
    if (fault === "freeze" && !this.#frozen.has(port)) {
      this.#frozen.set(port, new Promise((resolve) => this.#thaws.set(port, resolve)));
    } else if (fault === "thaw") {
      this.#frozen.delete(port);
      this.#abrupt.delete(port);
      this.#thaws.get(port)?.();
    } else if (fault === "down" || fault === "cut") {
      if (fault === "down") fake.down.add(port);
      for (const connection of [...fake.peer(port).open]) connection.close();
    } else if (fault === "up") fake.down.delete(port);
    else if (fault === "abrupt") {
      this.#abrupt.set(port, 0);
      for (const connection of [...fake.peer(port).open]) connection.close();
    } else if (fault === "move") {
      const { epoch, shards } = fake.belief;
      const masters = shards.map(({ master }) => master);
      const rotated = [...masters.slice(1), masters[0]!];
      fake.belief = withReplicas({
        epoch: epoch + 1,
        shards: shards.map((shard, at) => ({ ...shard, master: rotated[at]! })),
      });
    }
  }

  heal(): void {
    for (const port of PORTS) this.cause("thaw", port), this.cause("up", port);
  }
}

async function run({ multiplex, places, readFrom, steps }: Plan): Promise<void> {
  const clock = new SimulatedClock();
  const nodes = new Troubled();
  const pool = new BlockingClusterConnectionPool({
    startupNodes: ["node:7000", "node:7001", "node:7002"],
    transport: nodes.transport(),
    clock,
    readFrom,
    maxConnections: places,
    timeout: PLACE,
    commandTimeout: TIMEOUT,
    connectTimeout: CONNECT,
    closeGrace: 100,
  });
  const redis = new RedisCluster({ pool: pool as ClusterConnectionPool, multiplex });
  const late: string[] = [];
  const open = new Set<string>();
  let number = 0;
  const call = (kind: string, key: string): void => {
    const { run, more = 0 } = CALLS[kind]!;
    const name = `${kind} ${key} #${number++}`;
    open.add(name);
    const due = clock.now() + TIMEOUT + more + 20;
    const settled = (): void => {
      open.delete(name);
      if (clock.now() > due) late.push(`${name} by ${clock.now() - due} ms`);
    };
    run(redis, key).then(settled, settled);
  };
  for (const one of steps) {
    if ("call" in one) call(one.call, one.key);
    else if ("fault" in one) nodes.cause(one.fault, one.port);
    else await clock.advance(one.wait);
  }
  await clock.advance(8 * TIMEOUT + CONNECT + PLACE);
  assert.deepEqual({ hung: [...open], late }, { hung: [], late: [] });
  nodes.heal();
  const closed = redis.close().then(() => pool.close());
  let ended = false;
  closed.then(() => ended = true);
  await clock.advance(2_000);
  assert.ok(ended, "close() ends");
  assert.equal(nodes.fake.open, 0, "no socket is left");
  assert.equal(clock.pendingTimers, 0, "no timer is left");
}

const runs = Number(process.env.KEYWIRE_RUNS ?? 25);

describe("Calls on a cluster", () => {
  it(`settle by their deadlines, whatever the nodes do (${runs} histories)`, async () => {
    await fc.assert(fc.asyncProperty(plans, run), {
      numRuns: runs,
    });
  });
});
