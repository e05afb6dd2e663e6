/**
 * The promises that the leaders do not keep, one by one, as DESIGN has them, against real servers.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import {
  BlockingConnectionPool,
  ConnectionError,
  ProtocolError,
  Redis,
  RedisError,
  TimeoutError,
} from "../../mod.ts";
import { type FaultProxy, startProxy } from "../harness/fault_proxy.ts";
import { Raw } from "../harness/resp.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";
import { freeze } from "../harness/process_faults.ts";
import { type Server, startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";

let server: Server;
let proxy: FaultProxy;
before(async () => {
  server = await startServer({ config: [] });
  proxy = await startProxy(server);
});
after(async () => {
  await proxy.stop();
  await server.stop();
});

/** Waits until the server has run a command that makes `key` this. */
function has(key: string, value: string): Promise<void> {
  return waitFor(`${key} to be ${value}`, async () => {
    const now = String(await server.cli("GET", key));
    return now === value ? undefined : `it is ${now}`;
  });
}

async function errorOf(promise: Promise<unknown>): Promise<RedisError> {
  const error = await promise.then(() => assert.fail("it did not fail"), (reason) => reason as unknown);
  assert.ok(error instanceof RedisError, String(error));
  return error;
}

/** Sends a command whose reply is cut off after the server has run it. */
async function cutReply(redis: Redis, call: (client: Redis) => Promise<unknown>, ran: () => Promise<void>) {
  await redis.ping();
  const victim = proxy.last;
  victim.freeze("toClient");
  const reply = call(redis).then((value) => ({ value }), (error) => ({ error: error as RedisError }));
  await ran();
  victim.kill("reset");
  return await reply as { value?: unknown; error?: RedisError };
}

describe("the server runs INCR, the link is cut before the reply", () => {
  it("rejects with `unknown`, and the server ran it once", async () => {
    await using redis = new Redis(proxy.url);
    const { error } = await cutReply(redis, () => redis.incr("cut:1"), () => has("cut:1", "1"));
    assert.ok(error instanceof ConnectionError);
    assert.equal(error.executed, "unknown");
    assert.equal(await redis.get("cut:1"), "1");
    assert.equal(await redis.incr("cut:1"), 2);
  });

  it("the same on a connection of its own", async () => {
    await using redis = new Redis(proxy.url, { multiplex: false });
    const { error } = await cutReply(redis, () => redis.incr("cut:2"), () => has("cut:2", "1"));
    assert.equal(error?.executed, "unknown");
    assert.equal(await redis.get("cut:2"), "1");
  });

  it("repeats it for those who opted in", async () => {
    await using redis = new Redis(proxy.url);
    const eager = redis.with({ retry: { unsafe: true } });
    const { value } = await cutReply(redis, () => eager.incr("cut:3"), () => has("cut:3", "1"));
    assert.equal(value, 2);
  });

  it("repeats by itself what only reads", async () => {
    await using redis = new Redis(proxy.url);
    await redis.set("cut:4", "x");
    await server.cli("CONFIG", "RESETSTAT");
    const read = (): Promise<void> =>
      waitFor(
        "GET to have run",
        async () => /cmdstat_get:/.test(String(await server.cli("INFO", "commandstats"))) ? undefined : "no",
      );
    assert.deepEqual(await cutReply(redis, () => redis.get("cut:4"), read), { value: "x" });
  });
});

describe("the peer takes the command and never answers", () => {
  it("rejects at the deadline, and the connection is replaced", async () => {
    await using redis = new Redis(proxy.url, { commandTimeout: 1_000 });
    await redis.ping();
    proxy.last.freeze();
    const error = await errorOf(redis.incr("frozen:1"));
    assert.ok(error instanceof TimeoutError);
    assert.equal(error.executed, "unknown");
    const before = proxy.connections.length;
    assert.equal(await redis.incr("frozen:2"), 1);
    assert.equal(proxy.connections.length, before + 1);
  });

  it("a frozen process, too, and goes on when it does", async () => {
    await using redis = new Redis(server.url, { commandTimeout: 10_000 });
    await redis.ping();
    await using frozen = await freeze(server);
    const hurried = redis.with({ timeout: 200 });
    const errors = await Promise.all([
      errorOf(hurried.incr("frozen:3")),
      errorOf(hurried.blpop("none", 0.1)),
    ]);
    await frozen.undo();
    for (const error of errors) assert.ok(error instanceof TimeoutError, error.message);
    assert.match(await redis.with({ timeout: 5_000 }).ping(), /PONG/);
  });

  it("an abort ends the wait at once, and the late reply is nobody else's", async () => {
    await using redis = new Redis(proxy.url);
    await redis.set("late", "old");
    proxy.last.freeze("toClient");
    const controller = new AbortController();
    const aborted = redis.with({ signal: controller.signal }).get("late");
    const echoed = redis.echo("mine");
    const reason = new Error("enough");
    controller.abort(reason);
    await assert.rejects(aborted, (error) => error === reason);
    proxy.last.thaw();
    assert.equal(await echoed, "mine");
  });
});

describe("PING behind BLPOP", () => {
  for (const multiplex of [true, false]) {
    it(`is answered while BLPOP waits${multiplex ? "" : ", without a shared connection"}`, async () => {
      await using redis = new Redis(server.url, { multiplex });
      let popped = false;
      const blocked = redis.blpop("jobs", 0).finally(() => popped = true);
      await waitFor("BLPOP to wait", async () => {
        return /blocked_clients:1/.test(String(await server.cli("INFO", "clients"))) ? undefined : "not yet";
      });
      assert.equal(await redis.ping(), "PONG");
      assert.equal(popped, false);
      await redis.rpush("jobs", "a");
      assert.deepEqual(await blocked, ["jobs", "a"]);
    });
  }
});

describe("GET from elsewhere between MULTI and EXEC", () => {
  it("gets its own reply", async () => {
    await using redis = new Redis(server.url);
    await redis.set("elsewhere", "here");
    const connection = await redis.pool.acquire();
    await connection.send(["MULTI"]);
    assert.equal(await connection.send(["INCR", "inside"]), "QUEUED");
    assert.equal(await redis.get("elsewhere"), "here");
    assert.deepEqual(await connection.send(["EXEC"]), [1]);
    connection[Symbol.dispose]();
  });

  it("and a transaction that nobody ended is not handed on", async () => {
    await using pool = new BlockingConnectionPool(server.url, { maxConnections: 2 });
    await using redis = new Redis({ pool });
    await redis.set("elsewhere", "here");
    const connection = await redis.pool.acquire();
    await connection.sendPacked(connection.packCommands([["MULTI"], ["INCR", "inside:2"]]), 2);
    connection[Symbol.dispose]();
    using next = await pool.acquire();
    assert.equal(await next.send(["GET", "elsewhere"]), "here");
    assert.equal(await redis.exists("inside:2"), 0);
  });
});

describe("a reply nested 100,000 deep, a 5 GB length, an HTTP server", () => {
  const bad: Readonly<Record<string, [string, RegExp]>> = {
    "nested 100,000 deep": ["*1\r\n".repeat(100_000) + ":1\r\n", /nest|deep/i],
    "a length of 5 GB": ["$5368709120\r\nxxxx", /5368709120/],
    "an aggregate of 9,999,999,999 elements": ["*9999999999\r\n:1\r\n", /9999999999/],
  };
  for (const [name, [reply, message]] of Object.entries(bad)) {
    it(`${name}: ProtocolError, and the next command has a new connection`, async () => {
      let times = 0;
      await using peer = new ScriptedPeer({
        script: ([command], connection) =>
          command === "GET" && times++ === 0 ? new Raw(reply) : connection.serve(),
      });
      const { host, port } = await peer.listen();
      await using redis = new Redis({ host, port, retry: false });
      const error = await errorOf(redis.get("k"));
      assert.ok(error instanceof ProtocolError, String(error));
      assert.equal(error.executed, "unknown");
      assert.match(error.message, message);
      assert.equal(await redis.get("k"), null);
    });
  }

  it("an HTTP server: ProtocolError that says so, at once", async () => {
    const http = createServer((_request, response) => response.end("hello"));
    const port = await new Promise<number>((resolve) =>
      http.listen(0, "127.0.0.1", () => resolve((http.address() as { port: number }).port))
    );
    try {
      await using redis = new Redis({ host: "127.0.0.1", port });
      for (const call of [() => redis.get("k"), () => redis.connect(), () => redis.blpop("k", 1)]) {
        const error = await errorOf(call());
        assert.ok(error instanceof ProtocolError, String(error));
        assert.equal(error.executed, "no");
        assert.match(error.message, /HTTP/);
      }
    } finally {
      http.closeAllConnections();
      http.close();
    }
  });
});

describe("the server kills the subscriber's connection", () => {
  for (const protocol of [3, 2] as const) {
    it(`resubscribes, and tells of the gap: RESP${protocol}`, async () => {
      await using redis = new Redis(server.url, { protocol });
      const subscription = redis.subscription("news");
      await subscription.ready;
      await server.cli("PUBLISH", "news", "before");
      assert.deepEqual((await subscription.next()).value, {
        kind: "message",
        channel: "news",
        message: "before",
      });
      assert.equal(await server.cli("CLIENT", "KILL", "TYPE", "pubsub"), 1);
      assert.equal((await subscription.next()).value?.kind, "gap");
      await server.cli("PUBLISH", "news", "after");
      assert.deepEqual((await subscription.next()).value, {
        kind: "message",
        channel: "news",
        message: "after",
      });
      await subscription.close();
    });
  }
});

describe("a dead peer", () => {
  it("that closed an idle connection is not noticed by the next command", async () => {
    await using redis = new Redis(server.url);
    const id = await redis.command<number>("CLIENT", "ID");
    const lost = new Promise((resolve) => redis.addEventListener("reconnecting", resolve, { once: true }));
    await server.cli("CLIENT", "KILL", "ID", id);
    await lost;
    assert.notEqual(await redis.command("CLIENT", "ID"), id);
  });
});

describe("timers and sockets", () => {
  it("do not keep a process alive after close(), whatever was on its way", async () => {
    const fixture = fileURLToPath(new URL("./fixtures/leaving.ts", import.meta.url));
    const flags = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];
    const child = spawn(process.execPath, [...flags, fixture, server.url], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.on("data", (chunk) => text += chunk);
    const limit = setTimeout(() => child.kill("SIGKILL"), 20_000);
    const code = await new Promise((resolve) => child.once("exit", resolve));
    clearTimeout(limit);
    assert.equal(code, 0);
    assert.match(text, /CLOSED/);
  });
});
