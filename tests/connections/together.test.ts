/** All kinds of calls at once over one pool: no call waits without need. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { BlockingConnectionPool, Connection, Redis } from "../../mod.ts";
import { Pending, rawCommand } from "../../src/connection/pending.ts";
import type { Reply } from "../../src/resp/types.ts";
import { type Server, startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";

let server: Server;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

describe("a subscriber, a blocking command, a WATCH and plain traffic over one pool of four", () => {
  it("do not wait for each other", async () => {
    await using pool = new BlockingConnectionPool({
      host: server.host,
      port: server.port,
      maxConnections: 4,
    });
    await using redis = new Redis({ pool });
    const order: string[] = [];

    const subscriber = await pool.acquire();
    const heard = new Promise<Reply[]>((resolve) =>
      subscriber.listen({ push: (values) => values[0] === "message" && resolve(values) })
    );
    const subscribe = new Pending(rawCommand(["SUBSCRIBE", "news"]), 0, 5_000);
    subscribe.coldFields.confirmations = 1;
    const subscribed = subscribe.promise();
    subscriber.enqueue(subscribe);
    await subscribed;

    const popped = redis.blpop("queue", 0).then((value) => (order.push("blpop"), value));
    await waitFor(
      "BLPOP to block",
      async () =>
        String(await server.cli("INFO", "clients")).includes("blocked_clients:1") ? undefined : "it does not",
    );

    let proceed!: () => void;
    const gate = new Promise<void>((resolve) => proceed = resolve);
    let watching!: () => void;
    const watched = new Promise<void>((resolve) => watching = resolve);
    const transaction = redis.watch("balance", async (tx) => {
      const balance = Number(await tx.get("balance") ?? 0);
      watching();
      await gate;
      return tx.multi().set("balance", balance + 1).get("balance");
    }).then((replies) => (order.push("watch"), replies));
    await watched;

    // Four are out: subscriber, BLPOP, WATCH, and the one that all plain commands share.
    const replies = await Promise.all(Array.from({ length: 1_000 }, (_, n) => redis.incrby("counter", n)));
    order.push("plain");
    assert.equal(replies.at(-1), 499_500);
    assert.deepEqual([pool.stats().inUse, pool.stats().waiting, pool.stats().max], [4, 0, 4]);

    assert.equal(await redis.publish("news", "hello"), 1);
    const [, channel, message] = await heard;
    assert.deepEqual([channel, message].map((part) => new TextDecoder().decode(part as Uint8Array)), [
      "news",
      "hello",
    ]);
    order.push("message");

    proceed();
    assert.deepEqual(await transaction, ["OK", "1"]);
    // A fifth call with a dedicated connection gets the place of the returned one, without a queue.
    assert.equal(await redis.blpop("empty", 0.01), null);
    order.push("second blpop");

    await redis.rpush("queue", "job");
    assert.deepEqual(await popped, ["queue", "job"]);
    assert.deepEqual(order, ["plain", "message", "watch", "second blpop", "blpop"]);
    subscriber.disconnect();
    pool.release(subscriber);
    assert.equal(pool.stats().opened, 4);
  });
});

describe("connections that follow others", () => {
  it("do not share the memory into which the transports read", async () => {
    for (let wave = 0; wave < 4; wave++) {
      const open = Array.from({ length: 8 }, () => new Connection({ host: server.host, port: server.port }));
      await Promise.all(open.map((connection) => connection.connect()));
      // Some end while others read: what they have left behind is used by the next.
      open.slice(wave).forEach((connection, index) => index % 3 === 0 && connection.disconnect());
      const left = open.filter(({ state }) => state === "ready");
      const texts = left.map((_, index) => String.fromCharCode(97 + index).repeat(200_000));
      const later = new Connection({ host: server.host, port: server.port });
      const [replies] = await Promise.all([
        Promise.all(left.map((connection, index) => connection.send(["ECHO", texts[index]!]))),
        later.connect().then(() => later.send(["ECHO", "z".repeat(200_000)])),
      ]);
      assert.ok(replies.every((reply, index) => reply === texts[index]));
      for (const connection of [...left, later]) connection.disconnect();
    }
  });
});
