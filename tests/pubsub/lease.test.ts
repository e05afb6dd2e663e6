import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Connection, ConnectionPool } from "../../mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { type Server, startServer } from "../harness/server.ts";
import { collector } from "./collector.ts";

for (const protocol of [2, 3] as const) {
  describe(`a lease that subscribes by hand, over RESP${protocol}`, () => {
    let server: Server;
    let pool: ConnectionPool;
    before(async () => {
      server = await startServer({ acl: ["user bob on >secret ~* +@all resetchannels &news*"] });
      pool = new ConnectionPool(server.url, { protocol });
    });
    after(async () => {
      await pool.close();
      await server.stop();
    });

    async function withLease(use: (connection: Connection) => Promise<void>): Promise<void> {
      const connection = await pool.acquire();
      try {
        await use(connection);
      } finally {
        connection[Symbol.dispose]();
      }
    }

    it("has its commands confirmed, those for all included", () =>
      withLease(async (connection) => {
        const kinds = collector<unknown>();
        connection.listen({ push: (values) => kinds.add(values[0]) });
        await connection.send(["UNSUBSCRIBE"]);
        await connection.send(["SUBSCRIBE", "a", "b", "a"]);
        await connection.send(["psubscribe", "p*"]);
        assert.equal(
          await connection.send(["PING"]).then((reply) => Array.isArray(reply) ? reply[0] : reply),
          protocol === 2 ? "pong" : "PONG",
        );
        await server.cli("PUBLISH", "a", "x");
        await kinds.wait(6);
        const unsubscribed = connection.send(["UNSUBSCRIBE"]);
        const all = connection.send(["PUNSUBSCRIBE"]);
        await Promise.all([unsubscribed, all]);
        assert.equal(await connection.send(["GET", "none"]), null);
        assert.deepEqual(kinds.items, [
          "unsubscribe",
          ...Array(3).fill("subscribe"),
          "psubscribe",
          "message",
          ...Array(2).fill("unsubscribe"),
          "punsubscribe",
        ]);
      }));

    it("goes back to the pool as it was when nothing is left, else it is replaced", async () => {
      const { closed } = pool.stats();
      await withLease(async (connection) => {
        await connection.send(["SUBSCRIBE", "a"]);
        await connection.send(["UNSUBSCRIBE", "a"]);
      });
      assert.equal(pool.stats().closed, closed);
      await withLease(async (connection) => void await connection.send(["SUBSCRIBE", "a"]));
      assert.equal(pool.stats().closed, closed + 1);
    });

    it("takes replies for what they are, whatever they look like", () =>
      withLease(async (connection) => {
        await connection.send(["RPUSH", "list", "message", "a", "b"]);
        const before = connection.send(["LRANGE", "list", 0, -1]);
        const subscribed = connection.send(["SUBSCRIBE", "a"]);
        assert.deepEqual(await before, ["message", "a", "b"]);
        await subscribed;
        await connection.send(["UNSUBSCRIBE", "a"]);
        assert.deepEqual(await connection.send(["LRANGE", "list", 0, -1]), ["message", "a", "b"]);
      }));

    it("is refused what would leave it without replies", () =>
      withLease(async (connection) => {
        await assert.rejects(connection.send(["CLIENT", "REPLY", "OFF"]), /CLIENT REPLY OFF: every command/);
        await assert.rejects(connection.send(["client", "reply", "skip"]), { code: "STATEFUL" });
        assert.equal(await connection.send(["CLIENT", "REPLY", "ON"]), "OK");
        const multi = connection.send(["MULTI"]);
        await assert.rejects(connection.send(["SUBSCRIBE", "a"]), /in a transaction/);
        await multi;
        await connection.send(["DISCARD"]);
      }));

    it("hears of a refusal, and goes on", { skip: olderThan("6.2.0", "rules for channels") }, async () => {
      await using bobs = new ConnectionPool(server.url, { protocol, username: "bob", password: "secret" });
      using connection = await bobs.acquire();
      const refused = connection.send(["SUBSCRIBE", "news", "secret"]);
      const allowed = connection.send(["SUBSCRIBE", "news"]);
      await assert.rejects(refused, { code: "NOPERM" });
      await allowed;
    });
  });
}
