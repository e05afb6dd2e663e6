/** `MultiRedis` with two real servers, the first behind a proxy that cuts, freezes or refuses. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { MultiRedis, RedisError } from "../../mod.ts";
import { type FaultProxy, startProxy } from "../harness/fault_proxy.ts";
import { startServer } from "../harness/server.ts";
import type { Server } from "../harness/types.ts";

const POLICY = {
  healthCheckInterval: 20,
  healthCheckTimeout: 300,
  healthCheckFailures: 2,
  gracePeriod: 60_000,
  failback: false,
};
const WRITES = 12;

describe("MultiRedis behind a faulty network", () => {
  let first: Server;
  let second: Server;
  before(async () => {
    [first, second] = await Promise.all([startServer(), startServer()]);
  });
  after(() => Promise.all([first?.stop(), second?.stop()]));

  /**
   * Writes numbers while `harm` happens; no number may be there twice, or where its outcome denies it. Resolves with
   * whether the client has left the first database.
   */
  async function survives(what: string, harm: (proxy: FaultProxy) => void): Promise<boolean> {
    for (const server of [first, second]) await server.cli("FLUSHALL");
    await using proxy = await startProxy({ port: first.port });
    await using redis = new MultiRedis([{ url: proxy.url, weight: 2 }, { url: second.url }], POLICY);
    const patient = redis.with({ timeout: 60_000 });
    await patient.ping();
    const outcomes: Promise<string>[] = [];
    harm(proxy);
    for (let number = 0; number < WRITES; number++) {
      outcomes.push(
        patient.rpush("numbers", number).then(() => "yes", (error) => {
          assert.ok(error instanceof RedisError, String(error));
          return error.executed;
        }),
      );
      if (number % 4 === 3) await outcomes.at(-1);
    }
    const told = await Promise.all(outcomes);
    // The client works again, at one of the two; a read is repeated if the cut comes only now.
    assert.equal(typeof await patient.llen("numbers"), "number", what);
    const lists = await Promise.all([first, second].map((server) => server.cli("LRANGE", "numbers", 0, -1)));
    for (const list of lists as string[][]) {
      assert.deepEqual(list, [...list].sort((a, b) => Number(a) - Number(b)), `${what}: out of order`);
    }
    const there = (lists as string[][]).flat().map(Number);
    assert.equal(new Set(there).size, there.length, `${what}: a number is there twice: ${there}`);
    for (const [number, outcome] of told.entries()) {
      if (outcome !== "unknown") {
        assert.equal(there.includes(number), outcome === "yes", `${what}: ${number} ${outcome}`);
      }
    }
    return redis.databases[1]!.active;
  }

  for (const way of ["toServer", "toClient"] as const) {
    it(`writes nothing twice when the link is cut at a byte (${way})`, async () => {
      let left = 0;
      for (let at = 1; at < 400; at += 53) {
        const gone = await survives(`cut after ${at} bytes`, (proxy) => {
          const connection = proxy.last;
          void connection.closed.then(() => proxy.refuse());
          const how = at % 2 === 0 ? "fin" : "reset";
          connection.cutAfter({ [way]: connection.bytes[way] + at, how });
        });
        if (gone) left++;
      }
      assert.ok(left > 0, "no cut was noticed");
    });
  }

  it("leaves a database whose network is silent, half open or refuses", async () => {
    const harms: Readonly<Record<string, (proxy: FaultProxy) => void>> = {
      frozen: (proxy) => proxy.freezeAll(),
      "frozen replies": (proxy) => proxy.freezeAll("toClient"),
      "half open": (proxy) => proxy.open.forEach((connection) => connection.halfOpen()),
      refused: (proxy) => {
        proxy.refuse();
        proxy.killAll("reset");
      },
    };
    for (const [what, harm] of Object.entries(harms)) assert.ok(await survives(what, harm), what);
  });
});
