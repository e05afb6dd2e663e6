import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PipelineError, Redis, type WatchingClient } from "../../mod.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { type Server, startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";
import type { TextPromise } from "../../src/commands/wrap.ts";
import { stage } from "../promises/support.ts";

type Watching = WatchingClient<TextPromise>;

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

    it("rejects what is called on its client when its function has ended", async () => {
      let kept: Watching | undefined;
      const keep = (tx: Watching): void => void (kept = tx);
      const bodies: ((tx: Watching) => unknown)[] = [
        keep,
        (tx) => (keep(tx), tx.multi().get("k")),
        (tx) => {
          keep(tx);
          throw new Error("own");
        },
      ];
      for (const body of bodies) {
        await redis.watch("k", body).catch(() => {});
        await allBack();
        const tx = kept!;
        // The next holder of the connection is in a transaction: nothing of the old one may get into it.
        using next = await redis.pool.acquire();
        await next.send(["MULTI"]);
        const late: (() => Promise<unknown>)[] = [
          () => tx.set("intruder", "x"),
          () => tx.command("SET", "intruder", "x"),
          () => tx.multi().set("intruder", "x").exec(),
          () => tx.eval("return redis.call('SET', 'intruder', 'x')"),
        ];
        for (const call of late) await assert.rejects(call(), { code: "CLOSED", executed: "no" });
        assert.deepEqual(await next.send(["EXEC"]), []);
      }
      assert.equal(await redis.exists("intruder"), 0);
    });

    it("rejects a pipeline that was built before its function had ended", async () => {
      const kept: (() => Promise<unknown>)[] = [];
      await redis.watch("k", (tx) => {
        const pipeline = tx.multi().set("intruder", "x");
        kept.push(() => pipeline.exec(), () => pipeline.exec({ settle: true }));
      });
      for (const late of kept) await assert.rejects(late(), { code: "CLOSED", executed: "no" });
      assert.equal(await redis.exists("intruder"), 0);
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

describe("the limit of watch()", () => {
  const TIMEOUT = { code: "COMMAND_TIMEOUT", executed: "no" };

  it("holds while no connection can be made, and says why", async () => {
    const { clock, peer, redis } = stage({ connectTimeout: 1_000 });
    peer.script = () => undefined;
    const watching = assert.rejects(redis.with({ timeout: 200 }).watch("k", () => 1), TIMEOUT);
    await clock.advance(200);
    await watching;
    await redis.close();
  });

  it("covers taking the connection and WATCH together", async () => {
    const { clock, peer, redis } = stage();
    peer.onConnection = () => new Promise<void>((resolve) => void clock.setTimeout(resolve, 150));
    peer.script = ([name], connection) => name === "WATCH" ? undefined : connection.serve();
    const watching = assert.rejects(redis.with({ timeout: 200 }).watch("k", () => 1), {
      code: "COMMAND_TIMEOUT",
    });
    await clock.advance(200);
    await watching;
    await redis.close();
  });

  it("holds while a pool has no place", async () => {
    const { clock, redis } = stage({ pool: undefined, maxConnections: 2 });
    await redis.connect();
    const acquiring = redis.pool.acquire();
    await clock.advance(0);
    const held = await acquiring;
    const watching = assert.rejects(redis.with({ timeout: 200 }).watch("k", () => 1), { executed: "no" });
    await clock.advance(200);
    await watching;
    held[Symbol.dispose]();
    await redis.close();
  });

  it("is none where the caller asks for none", async () => {
    const { clock, peer, redis } = stage({ connectTimeout: 60_000 });
    let open = (): void => {};
    peer.onConnection = () => new Promise<void>((resolve) => open = resolve);
    const watching = redis.with({ timeout: 0 }).watch("k", () => 7);
    await clock.advance(50_000);
    open();
    await clock.advance(0);
    assert.equal(await watching, 7);
    await redis.close();
  });
});
