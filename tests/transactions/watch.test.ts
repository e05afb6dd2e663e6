import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PipelineError, Redis } from "../../mod.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { type Server, startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";

for (const protocol of [2, 3] as const) {
  describe(`watch, RESP${protocol}`, () => {
    let server: Server;
    let redis: Redis;
    before(async () => {
      server = await startServer();
      redis = new Redis(server.url, { protocol });
    });
    after(async () => {
      await redis.close();
      await server.stop();
    });
    /** Resolves when all connections but the shared one are back; putting one right takes a round trip. */
    const allBack = (): Promise<void> =>
      waitFor("the connections", () => {
        const { inUse } = redis.pool.stats();
        return Promise.resolve(inUse === 1 ? undefined : `${inUse} in use`);
      });

    it("runs the transaction that its function returns", async () => {
      await redis.set("balance", 100);
      const [ok, n] = await redis.watch("balance", async (tx) => {
        const balance = Number(await tx.get("balance"));
        return tx.multi().set("balance", balance - 10).incr("payments");
      });
      assert.deepEqual([ok, n], ["OK", 1]);
      assert.equal(await redis.get("balance"), "90");
      await allBack();
    });

    it("begins anew until nobody interferes", async () => {
      await redis.set("n", 0);
      const add = (): Promise<unknown> =>
        redis.watch(["n", "other"], async (tx) => {
          const n = Number(await tx.get("n"));
          return tx.multi().set("n", n + 1);
        }, { attempts: 50 });
      await Promise.all(Array.from({ length: 8 }, add));
      assert.equal(await redis.get("n"), "8");
      await allBack();
    });

    it("gives up after so many tries", async () => {
      let tries = 0;
      const promise = redis.watch("n", async (tx) => {
        tries++;
        await redis.incr("n");
        return tx.multi().set("n", -1);
      }, { attempts: 3 });
      await assert.rejects(promise, { code: "WATCH_CONFLICT", executed: "no", message: /each of 3 tries/ });
      assert.equal(tries, 3);
      await allBack();
      await assert.rejects(redis.watch("n", () => 1, { attempts: 0 }), RangeError);
      await assert.rejects(redis.watch([], () => 1), TypeError);
    });

    it("begins anew, too, when its function executes the transaction itself", async () => {
      let tries = 0;
      const result = await redis.watch("n", async (tx) => {
        if (++tries === 1) await redis.incr("n");
        const [length] = await tx.multi().set("n", "abc").strlen("n").exec().then(([, length]) => [length]);
        return length;
      });
      assert.deepEqual([result, tries], [3, 2]);
    });

    it("passes on what else is returned, and watches no more", async () => {
      await redis.set("n", 5);
      assert.equal(await redis.watch("n", async (tx) => Number(await tx.command("GET", "n")) * 2), 10);
      await allBack();
      // The connection that watched is idle, and must not be in the way of the next one.
      await redis.incr("n");
      assert.deepEqual(await redis.watch("none", (tx) => tx.multi().get("n")), ["6"]);
    });

    it("watches no more after an error, and passes it on", async () => {
      const mistake = new Error("mine");
      const promise = redis.watch("n", async (tx) => {
        await tx.get("n");
        throw mistake;
      });
      await assert.rejects(promise, mistake);
      await allBack();
    });

    it("refuses what blocks or changes the state of the connection", async () => {
      await redis.watch("n", async (tx) => {
        await assert.rejects(tx.blpop("list", 1), { code: "BLOCKING" });
        await assert.rejects(tx.command("SELECT", 1), { code: "STATEFUL" });
      });
    });

    it("passes on an error within the transaction, once", async () => {
      await redis.set("a", "x");
      let tries = 0;
      const promise = redis.watch("a", (tx) => {
        tries++;
        return tx.multi().incr("a");
      });
      await assert.rejects(promise, (error) => error instanceof PipelineError && error.executed === "yes");
      assert.equal(tries, 1);
    });

    it("ends with the loss of its connection, and gives it back", async () => {
      await using proxy = await startProxy(server);
      await using client = new Redis(proxy.url, { protocol });
      const promise = client.watch("n", async (tx) => {
        await tx.get("n");
        proxy.last.kill();
        await proxy.last.closed;
        return tx.multi().incr("n");
      });
      await assert.rejects(promise, { name: "PipelineError" });
      assert.ok(client.pool.stats().inUse <= 1);
      assert.deepEqual(await client.watch("n", (tx) => tx.multi().strlen("n")), [1]);
    });
  });
}
