import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type HandlerOptions, Redis } from "../../mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { type Server, startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";
import { add, options, pending, show, untilBlocked, untilPending } from "./group.ts";

/** A promise and how to resolve it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => open = resolve);
  return { opened, open };
}

describe("handlers of streams", { skip: olderThan("6.2.0", "XPENDING with IDLE") }, () => {
  let server: Server;
  let redis: Redis;
  before(async () => {
    server = await startServer();
    redis = new Redis(server.url);
  });
  after(async () => {
    await redis.close();
    await server.stop();
  });
  const handled = (stream: string, more: Partial<HandlerOptions> = {}): HandlerOptions => ({
    ...options(stream),
    ...more,
  });

  it("acknowledges when the handler returns, and not before", async () => {
    const stop = new AbortController();
    const { opened, open } = gate();
    await add(redis, "one", 1);
    const running = redis.consume(handled("one", { signal: stop.signal }), () => opened);
    await untilPending(redis, "one", 1);
    stop.abort();
    let ended = false;
    const end = running.then(() => ended = true);
    await redis.ping();
    assert.equal(ended, false, "it waits for the running handler");
    assert.equal(await pending(redis, "one"), 1);
    open();
    await end;
    assert.equal(await pending(redis, "one"), 0);
  });

  it("runs up to `concurrency` handlers at once, over several streams too", async () => {
    const stop = new AbortController();
    const streams = ["c1", "c2", "c3"];
    for (const stream of streams) await add(redis, stream, 1, 2, 3, 4, 5);
    let now = 0;
    let most = 0;
    let count = 0;
    const done = gate();
    const full = gate();
    const running = redis.consume(
      { ...handled(""), stream: streams, concurrency: 4, signal: stop.signal },
      async () => {
        most = Math.max(most, ++now);
        if (now === 4) full.open();
        await full.opened;
        now--;
        if (++count === 15) done.open();
      },
    );
    await done.opened;
    stop.abort();
    await running;
    assert.equal(most, 4);
    for (const stream of streams) assert.equal(await pending(redis, stream), 0);
  });

  it("delivers again after a failure, and moves the message to the dead-letter stream in the end", async () => {
    const stop = new AbortController();
    await add(redis, "fails", 1, 2);
    const seen: string[] = [];
    const failures: string[] = [];
    const running = redis.consume(
      handled("fails", {
        maxDeliveries: 3,
        deadLetter: "graveyard",
        retryDelay: (deliveries) => deliveries * 5,
        signal: stop.signal,
        onFailure: (error, message, outcome) => {
          failures.push(`${(error as Error).message} ${message.fields.n} ${outcome}`);
        },
      }),
      (message) => {
        seen.push(show(message));
        if (message.fields.n === "1") throw new Error("cannot");
      },
    );
    await waitFor("the dead letter", async () => (await redis.xlen("graveyard")) === 1 ? undefined : "none");
    await untilPending(redis, "fails", 0);
    stop.abort();
    await running;
    assert.deepEqual(seen.filter((one) => one.includes(" 1 ")), ["new 1 x1", "claimed 1 x2", "claimed 1 x3"]);
    assert.deepEqual(seen.filter((one) => one.includes(" 2 ")), ["new 2 x1"]);
    assert.deepEqual(failures, ["cannot 1 retry", "cannot 1 retry", "cannot 1 dead"]);
    const [dead] = await redis.xrange("graveyard", "-", "+");
    assert.equal(dead!.fields.n, "1");
    assert.equal(dead!.fields["dead:error"], "Error: cannot");
    assert.equal(dead!.fields["dead:deliveries"], "3");
  });

  it("leaves what the handler has settled as it is", async () => {
    const stop = new AbortController();
    await add(redis, "own", 1, 2);
    const seen: string[] = [];
    const running = redis.consume(handled("own", { signal: stop.signal }), async (message) => {
      seen.push(show(message));
      if (message.fields.n === "2") await message.ack();
      else if (message.deliveries === 1) await message.nack();
    });
    await waitFor("the second delivery", () => Promise.resolve(seen.length === 3 ? undefined : "not yet"));
    await untilPending(redis, "own", 0);
    stop.abort();
    await running;
    assert.deepEqual(seen.toSorted(), ["claimed 1 x2", "new 1 x1", "new 2 x1"]);
  });

  it("sends heartbeats, which count no delivery, and leaves a message alone that was taken over", async () => {
    const stop = new AbortController();
    const [id] = await add(redis, "beats", 1);
    const claim = { minIdle: 60_000 };
    const taken = gate();
    let left: { consumer: string; idle: number } | undefined;
    const running = redis.consume(
      // A heartbeat is two commands: shorter intervals would be more often interrupted between them.
      handled("beats", { claim, heartbeat: 150, signal: stop.signal }),
      async (_, { signal }) => {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        left = await entry();
        taken.open();
      },
    );
    const entry = async () => (await redis.xpending("beats", "g", id!, id!, 1))[0]!;
    await untilPending(redis, "beats", 1);
    await redis.xclaim("beats", "g", "one", 0, id!, { idle: 50_000, justId: true });
    await waitFor("a heartbeat", async () => (await entry()).idle < 50_000 ? undefined : "none");
    assert.equal((await entry()).deliveries, 1);
    await redis.xclaim("beats", "g", "two", 0, id!);
    await taken.opened;
    stop.abort();
    await running;
    assert.equal(left!.consumer, "two");
  });

  it("sends heartbeats for what a loop has fetched and not reached yet", async () => {
    const ids = await add(redis, "buffer", 1, 2);
    const claim = { minIdle: 60_000 };
    for await (const message of redis.consume(options("buffer", { claim, heartbeat: 20 }))) {
      await redis.xclaim("buffer", "g", "one", 0, ids, { idle: 50_000, justId: true });
      await waitFor("heartbeats", async () => {
        const all = await redis.xpending("buffer", "g", "-", "+", 10);
        return all.every(({ idle }) => idle < 50_000) ? undefined : "not for all";
      });
      await message.ack();
      break;
    }
  });

  it("rejects when it cannot go on, after the running handlers", async () => {
    await add(redis, "gone", 1);
    const client = new Redis(server.url);
    const { opened, open } = gate();
    const failures: unknown[] = [];
    const running = client.consume(
      handled("gone", {
        concurrency: 2,
        onFailure: (error) => failures.push((error as { code: string }).code),
      }),
      () => opened,
    );
    const rejected = assert.rejects(running, { code: "CLOSED" });
    await untilPending(redis, "gone", 1);
    await client.close();
    open();
    await rejected;
    assert.deepEqual(failures, ["CLOSED"]);
    assert.equal(await pending(redis, "gone"), 1);
  });

  it("ends with the error that `onFailure` throws", async () => {
    await add(redis, "fatal", 1);
    const running = redis.consume(
      handled("fatal", {
        onFailure: (error) => {
          throw error;
        },
      }),
      () => Promise.reject(new Error("cannot")),
    );
    await assert.rejects(running, /cannot/);
  });

  it("stops while it waits for messages", async () => {
    const stop = new AbortController();
    const running = redis.consume(handled("idle", { signal: stop.signal, block: 60_000 }), () => {});
    await untilBlocked(redis);
    stop.abort();
    await running;
  });
});
