import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis, type RedisError, ReplyError } from "../../mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { killClients } from "../harness/process_faults.ts";
import { type Server, startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";
import { collector } from "./collector.ts";

for (const protocol of [2, 3] as const) {
  describe(`subscriptions that end, over RESP${protocol}`, () => {
    let server: Server;
    before(async () =>
      void (server = await startServer({ acl: ["user bob on >secret ~* +@all resetchannels &news*"] }))
    );
    after(() => server.stop());
    const quick = { protocol, reconnect: { backoff: "constant:5" } } as const;

    it("comes back when the server kills the connection", async () => {
      await using redis = new Redis(server.url, quick);
      const heard = collector<string>();
      await redis.subscribe("news", { message: (text) => heard.add(text), gap: () => heard.add("gap") });
      assert.equal(await killClients(server, ({ sub }) => sub === "1"), 1);
      await heard.wait(1);
      await server.cli("PUBLISH", "news", "again");
      assert.equal((await heard.wait(2)).at(-1), "again");
    });

    it("comes back when the server is started again", async () => {
      await using redis = new Redis(server.url, quick);
      const subscription = redis.subscription("news", { patterns: ["new?"] });
      await subscription.ready;
      const next = subscription.next();
      await server.kill();
      await server.restart();
      const { value } = await next;
      assert.equal(value?.kind, "gap");
      await server.cli("PUBLISH", "news", "hello");
      assert.deepEqual((await subscription.next()).value, {
        kind: "message",
        channel: "news",
        message: "hello",
      });
      assert.equal(((await subscription.next()).value as { pattern?: string }).pattern, "new?");
      assert.equal(subscription.stats().gaps, 1);
      await subscription.close();
    });

    it("notices a dead server although it reads only", async () => {
      await using proxy = await startProxy({ port: server.port });
      await using redis = new Redis(proxy.url, { ...quick, healthCheckInterval: 60, commandTimeout: 2_000 });
      const heard = collector<string>();
      await redis.subscribe("news", { message: (text) => heard.add(text), gap: () => heard.add("gap") });
      for (const connection of proxy.open) connection.freeze();
      await heard.wait(1);
      await server.cli("PUBLISH", "news", "alive");
      assert.deepEqual(await heard.wait(2), ["gap", "alive"]);
    });

    it("stays as it is while the server lives and nothing is published", async () => {
      await using proxy = await startProxy({ port: server.port });
      await using redis = new Redis(proxy.url, { ...quick, healthCheckInterval: 20 });
      const heard = collector<string>();
      await redis.subscribe("news", { message: (text) => heard.add(text), gap: () => heard.add("gap") });
      const { toServer } = proxy.stats;
      // Four probes at least, each answered.
      while (proxy.stats.toServer < toServer + 4 * 14) await new Promise((resolve) => setTimeout(resolve, 5));
      await server.cli("PUBLISH", "news", "still here");
      assert.deepEqual(await heard.wait(1), ["still here"]);
    });

    it("is refused by name, and the others of the same flight are not", {
      skip: olderThan("6.2.0", "rules for channels"),
    }, async () => {
      await using redis = new Redis(server.url, { ...quick, username: "bob", password: "secret" });
      const heard = collector<string>();
      const one = redis.subscribe("secret", () => {});
      const other = redis.subscribe("news", (text) => heard.add(text));
      await assert.rejects(one, (error) => error instanceof ReplyError && error.code === "NOPERM");
      await other;
      await assert.rejects(redis.subscription("news", "secret").next(), { code: "NOPERM" });
      await server.cli("PUBLISH", "news", "allowed");
      assert.deepEqual(await heard.wait(1), ["allowed"]);
      assert.deepEqual(redis.subscriptionCounts().channels, 1);
    });

    it("gives up in time when nobody answers", async () => {
      await using proxy = await startProxy({ port: server.port });
      proxy.refuse();
      await using redis = new Redis(proxy.url, quick);
      const waiting = redis.with({ timeout: 60 });
      await assert.rejects(waiting.subscribe("news", () => {}), { code: "COMMAND_TIMEOUT" });
      await assert.rejects(waiting.subscription("news").next(), { code: "COMMAND_TIMEOUT" });
      const reason = new Error("enough");
      await assert.rejects(
        redis.with({ signal: AbortSignal.abort(reason) }).subscribe("news", () => {}),
        reason,
      );
      assert.equal(redis.subscriptionCounts().channels, 0);
    });

    it("does not pass for subscribed when it is closed first", async () => {
      await using proxy = await startProxy({ port: server.port });
      const redis = new Redis(proxy.url, { ...quick, closeGrace: 10 });
      await redis.subscribe("stays", () => {});
      const before = proxy.stats.toServer;
      proxy.freezeAll("toClient");
      const waiting = [
        redis.subscribe("a", () => {}),
        redis.psubscribe(["a*", "b*"], () => {}),
        redis.ssubscribe("a", () => {}),
        redis.subscription("a").ready,
      ];
      const taken = redis.subscribe("b", () => {});
      void redis.unsubscribe("b").catch(() => {});
      await waitFor(
        "all to be sent",
        () => Promise.resolve(proxy.stats.toServer >= before + 4 * 20 ? undefined : "not yet"),
      );
      const closed = redis.close();
      const outcomes = await Promise.allSettled(waiting);
      for (const outcome of outcomes) {
        assert.equal(outcome.status, "rejected");
        const { code, executed } = outcome.reason as RedisError;
        assert.deepEqual({ code, executed }, { code: "CLOSED", executed: "unknown" });
      }
      // Its end came before its beginning.
      await taken;
      await closed;
    });

    it("was not asked for where nobody could be reached before it was closed", async () => {
      await using proxy = await startProxy({ port: server.port });
      proxy.refuse();
      const redis = new Redis(proxy.url, quick);
      const never = { code: "CLOSED", executed: "no" };
      const listening = assert.rejects(redis.subscribe("news", () => {}), never);
      const iterating = redis.subscription("news");
      const ready = assert.rejects(iterating.ready, never);
      await redis.close();
      await Promise.all([listening, ready]);
      assert.equal((await iterating.next()).done, true);
    });

    it("tells of a listener that throws, and the others hear", async () => {
      await using redis = new Redis(server.url, quick);
      const failures = collector<unknown>();
      const heard = collector<string>();
      redis.addEventListener("listenererror", ({ detail }) => failures.add(detail.error));
      await redis.subscribe("news", () => {
        throw new Error("thrown");
      });
      await redis.subscribe("news", () => Promise.reject(new Error("rejected")));
      const last = (text: string) => heard.add(text);
      await redis.subscribe("news", last);
      await redis.subscribe("news", last);
      await redis.publish("news", "1");
      assert.deepEqual(await heard.wait(1), ["1"]);
      assert.deepEqual((await failures.wait(2)).map((error) => (error as Error).message), [
        "thrown",
        "rejected",
      ]);
      await redis.unsubscribe("news", last);
      assert.equal(await redis.publish("news", "2"), 1);
      await failures.wait(4);
      assert.deepEqual(heard.items, ["1"]);
    });

    it("belongs to one client, although two share the connections", async () => {
      await using a = new Redis(server.url, quick);
      await using b = new Redis({ pool: a.pool });
      const heard = collector<string>();
      await a.subscribe("news", (text) => heard.add(`a ${text}`));
      await b.bytes().subscribe("news", (bytes) => heard.add(`b ${bytes[0]}`));
      const ended = b.subscription("news");
      await ended.ready;
      await a.publish("news", "1");
      assert.deepEqual((await heard.wait(2)).toSorted(), ["a 1", "b 49"]);
      await b.close();
      assert.deepEqual((await ended.next()).done, true);
      assert.equal(await a.publish("news", "2"), 1);
      assert.equal((await heard.wait(3)).at(-1), "a 2");
    });

    it("gives its own connection back when nothing is subscribed", async () => {
      await using redis = new Redis(server.url, quick);
      await redis.ping();
      const { created } = redis.pool.stats();
      await redis.subscribe("news", () => {});
      const { inUse } = redis.pool.stats();
      assert.equal(inUse, protocol === 2 ? 2 : 1);
      await redis.unsubscribe();
      await redis.ping();
      assert.equal(redis.pool.stats().inUse, 1);
      assert.equal(redis.pool.stats().closed, 0);
      assert.equal(created, 1);
    });
  });
}
