/**
 * The link is cut at sampled bytes, in both directions. A write with `once()` still runs once, and its caller
 * gets the first reply.
 *
 * @module
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { Redis } from "../../mod.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { startServer } from "../harness/server.ts";

/** Bytes between two cuts; a prime, so that they fall on every part of a command. */
const STEP = 23;
const OPTIONS = {
  retry: { backoff: "none" },
  reconnect: { backoff: "none" },
  healthCheckInterval: 0,
} as const;

for (const way of ["toServer", "toClient"] as const) {
  it(
    `cut ${way} at every ${STEP}rd byte, single writes and a transaction run once`,
    { timeout: 100_000 },
    async () => {
      await using server = await startServer();
      await using proxy = await startProxy(server);
      await using raw = new Redis(server.url);
      let repeated = 0;

      /** Returns how many bytes the first connection carried. */
      const run = async (at: number): Promise<number> => {
        await raw.flushall();
        // Each connection begins with the whole source of the script.
        await raw.scriptFlush();
        const before = proxy.connections.length;
        proxy.once("connection", (connection) => {
          connection.cutAfter({ [way]: at, how: at % 2 === 0 ? "fin" : "reset" });
        });
        await using redis = new Redis(proxy.url, OPTIONS);
        const pushes = ["a", "b", "c"].map((value) => redis.once().rpush("list", value));
        const counts = [redis.once(`first ${at}`).incr("n"), redis.once().incr("n")];
        const both = redis.once().multi().incr("m").rpush("list", "d").exec();
        const lengths = await Promise.all(pushes);
        assert.deepEqual([...(await Promise.all(counts))].sort(), [1, 2]);
        assert.equal((await both)[0], 1);
        assert.deepEqual([...lengths, (await both)[1]].sort(), [1, 2, 3, 4]);
        assert.equal(await redis.once(`first ${at}`).incr("n"), await counts[0]);
        assert.deepEqual([await raw.get("n"), await raw.get("m"), await raw.llen("list")], ["2", "1", 4]);
        if (proxy.connections.length > before + 1) repeated++;
        return proxy.connections[before]!.bytes[way];
      };

      const length = await run(Infinity);
      assert.ok(length > 100, `only ${length} bytes go ${way}`);
      for (let at = 0; at < length; at += STEP) await run(at);
      assert.ok(repeated > length / STEP / 2, `${repeated} cuts`);
    },
  );
}
