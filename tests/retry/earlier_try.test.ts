/** A write whose reply was lost is repeated with `unsafe`; whatever ends the later try, the first one may have run. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MultiRedis, Redis, RedisCluster, RedisError } from "../../mod.ts";
import { TestCluster, TestServer } from "../../testing.ts";
import { SimulatedClock } from "../harness/clock.ts";

const OPTIONS = {
  commandTimeout: 500,
  retry: { unsafe: true, attempts: 2, backoff: "constant:10" },
} as const;
const APPEND = "return redis.call('APPEND', KEYS[1], ARGV[1])";

type Client = Redis | RedisCluster | MultiRedis;

/** A client, the server that has its keys, and what closes both. */
interface Stage {
  readonly client: Client;
  readonly server: Pick<TestServer, "faults" | "executed">;
  close(): Promise<unknown>;
}

const TOPOLOGIES: Readonly<Record<string, (clock: SimulatedClock, multiplex: boolean) => Stage>> = {
  "one server": (clock, multiplex) => {
    const server = new TestServer({ clock });
    const client = new Redis({ transport: server.transport, clock, multiplex, ...OPTIONS });
    return { client, server, close: () => Promise.all([client.close(), server.close()]) };
  },
  "a cluster": (clock, multiplex) => {
    const cluster = new TestCluster({ clock, masters: 1, replicas: 0 });
    const { transport, startupNodes } = cluster;
    const client = new RedisCluster({ transport, startupNodes, clock, multiplex, ...OPTIONS });
    return {
      client,
      server: cluster.masters[0]!,
      close: () => Promise.all([client.close(), cluster.close()]),
    };
  },
  "several databases": (clock, multiplex) => {
    const server = new TestServer({ clock });
    const database = new Redis({ transport: server.transport, clock, multiplex, ...OPTIONS });
    const client = new MultiRedis([{ client: database }]);
    return { client, server, close: () => Promise.all([client.close(), server.close()]) };
  },
};

/** The calls, and the command whose reply is lost. Each resolves with its outcomes. */
const CALLS: Readonly<Record<string, readonly [lost: string, call: (client: Client) => Promise<unknown>]>> = {
  "a command": ["APPEND", (client) => client.append("k", "x")],
  "a blocking command": ["BLMOVE", (client) => client.blmove("from", "{from}to", "LEFT", "LEFT", 1)],
  "a script": ["EVALSHA", (client) => client.script(APPEND, { keys: ["k"], args: ["x"] })],
  "a pipeline": [
    "APPEND",
    (client) => client.pipeline().append("k", "x").append("k", "y").exec({ settle: true }),
  ],
  "a transaction": [
    "EXEC",
    (client) => client.multi().append("k", "x").append("k", "y").exec({ settle: true }),
  ],
};

/** The ends of the later try: from the error that refuses it to no connection at all. */
const ENDS: Readonly<Record<string, (server: Stage["server"], later: () => boolean) => void>> = {
  ...Object.fromEntries((["LOADING", "READONLY"] as const).map((code) => [
    code,
    (server: Stage["server"], later: () => boolean) => {
      const match = ([name]: readonly string[]) => later() && /^(append|blmove|evalsha)$/i.test(name!);
      server.faults.errorNext(code, match, { times: Infinity });
    },
  ])),
  "LOADING at EXEC": (server, later) => {
    server.faults.errorNext("LOADING", ([name]) => later() && /^exec$/i.test(name!), { times: Infinity });
  },
  "silence": (server, later) => {
    server.faults.replyNext(() => later(), { raw: "" }, { times: Infinity });
  },
  "no connection": (server) => void server.faults.refuseConnects({ times: Infinity }),
};

/** Advances until `call` has settled, and returns its outcomes: a list for pipelines and transactions. */
async function outcomesOf(clock: SimulatedClock, call: Promise<unknown>): Promise<readonly unknown[]> {
  let outcomes: readonly unknown[] | undefined;
  call.then((value) => outcomes = Array.isArray(value) ? value : [value], (error) => outcomes = [error]);
  // The interpreter of scripts is loaded in real time.
  while (outcomes === undefined) await clock.advance(50);
  return outcomes;
}

describe("a write that is repeated after its reply was lost", () => {
  for (const [topology, open] of Object.entries(TOPOLOGIES)) {
    for (const [name, [lost, call]] of Object.entries(CALLS)) {
      it(`never says that it has not run: ${name}, ${topology}`, async () => {
        for (const multiplex of [true, false]) {
          for (const [end, begin] of Object.entries(ENDS)) {
            const clock = new SimulatedClock();
            const { client, server, close } = open(clock, multiplex);
            await outcomesOf(clock, client.script(APPEND, { keys: ["k"], args: [""] }));
            await outcomesOf(clock, client.rpush("from", "a", "b", "c"));
            // With `refuseConnects()` the blocking command uses the connection of an earlier one.
            await outcomesOf(clock, client.blmove("from", "{from}to", "LEFT", "LEFT", 1));
            const fault = server.faults.loseReply(lost);
            begin(server, () => fault.hits > 0);
            const outcomes = await outcomesOf(clock, call(client));
            assert.equal(fault.hits, 1, end);
            for (const outcome of outcomes) {
              if (!(outcome instanceof Error)) continue;
              const where = `${end}, multiplex ${multiplex}: ${outcome}`;
              assert.ok(outcome instanceof RedisError, where);
              assert.notEqual(outcome.executed, "no", where);
            }
            await outcomesOf(clock, close());
          }
        }
      });
    }
  }
});
