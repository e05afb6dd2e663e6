/**
 * Real servers that are full, out of memory, broken or still loading. Errors are correct, and the same client
 * works again as soon as the server does.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  Connection,
  ConnectionError,
  PipelineError,
  Redis,
  RedisError,
  type RedisOptions,
  ReplyError,
  TimeoutError,
} from "../../mod.ts";
import {
  demandReplicas,
  exhaustMemory,
  failSaves,
  limitClients,
  limitOutput,
  load,
} from "../harness/process_faults.ts";
import { incr } from "../../src/commands/mod.ts";
import { ErrorReply } from "../harness/resp.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";
import { type Server, startServer } from "../harness/server.ts";
import { stage } from "./support.ts";

let server: Server;
before(async () => {
  server = await startServer({ config: ["maxmemory 0"] });
});
after(() => server.stop());

async function errorOf(promise: Promise<unknown>): Promise<RedisError> {
  const error = await promise.then(() => assert.fail("it did not fail"), (reason) => reason as unknown);
  assert.ok(error instanceof RedisError, String(error));
  return error;
}

/** Returns how often the server has run a command since its statistics were reset, without failed calls. */
async function calls(name: string): Promise<number> {
  const row = new RegExp(`^cmdstat_${name}:(.*)$`, "m").exec(
    String(await server.cli("INFO", "commandstats")),
  );
  const number = (field: string): number =>
    Number(new RegExp(`${field}=(\\d+)`).exec(row?.[1] ?? "")?.[1] ?? 0);
  return number("calls") - number("failed_calls");
}

describe("a server with no room for another client", () => {
  const ways: Readonly<Record<string, RedisOptions>> = {
    "RESP3": {},
    "RESP2": { protocol: 2 },
    "RESP2 without a word before the first command": { protocol: 2, libName: false },
  };
  for (const [way, options] of Object.entries(ways)) {
    it(`is waited for: ${way}`, async () => {
      const key = `full:${way}`;
      await using redis = new Redis(server.url, {
        ...options,
        retry: false,
        reconnect: { backoff: "constant:20" },
      });
      await using limit = await limitClients(server, 1);
      const turnedAway = new Promise<{ cause: Error }>((resolve) =>
        redis.addEventListener("reconnecting", ({ detail }) => resolve(detail as { cause: Error }), {
          once: true,
        })
      );
      const waiting = redis.incr(key);
      const { cause } = await turnedAway;
      assert.ok(cause instanceof ConnectionError);
      assert.deepEqual([cause.code, cause.executed], ["MAX_CLIENTS", "no"]);
      assert.match(cause.message, /the server rejected it: ERR max number of clients reached/);
      await limit.undo();
      assert.equal(await waiting, 1);
      assert.equal(await redis.get(key), "1");
    });
  }

  for (const [way, options] of Object.entries(ways)) {
    it(`is the reason that a command is told whose time is up: ${way}`, async () => {
      const { clock, peer, redis } = stage({
        ...options,
        retry: false,
        reconnect: { backoff: "constant:20" },
      });
      peer.onConnection = (connection) => {
        connection.send(new ErrorReply("ERR max number of clients reached"));
        connection.close();
      };
      const late = errorOf(redis.with({ timeout: 100 }).incr("n"));
      await clock.advance(100);
      const error = await late;
      assert.ok(error instanceof TimeoutError);
      assert.equal(error.executed, "no");
      assert.match(error.message, /max number of clients reached/);
      await redis.close();
    });
  }

  it("says what it is where trying again cannot help: protected mode", async () => {
    const words = "DENIED Redis is running in protected mode because protected mode is enabled";
    let tries = 0;
    const peer = new ScriptedPeer({
      script: (_, connection) => {
        tries++;
        connection.send(new ErrorReply(words));
        connection.close();
        return undefined;
      },
    });
    for (const protocol of [2, 3] as const) {
      tries = 0;
      await using redis = new Redis({ protocol, transport: peer.transport() });
      const error = await errorOf(redis.incr("denied"));
      assert.ok(error instanceof ConnectionError);
      assert.deepEqual([error.code, error.executed, tries], ["REFUSED", "no", 1]);
      assert.ok(error.message.includes(words), error.message);
    }
  });

  // The connection counts as made before the server has said a word; it comes while commands are on their way.
  it("says so where there is no handshake, too: whatever is on its way fails at once", async () => {
    const words = "DENIED Redis is running in protected mode because protected mode is enabled";
    let tries = 0;
    const peer = new ScriptedPeer({
      onConnection: (connection) => {
        tries++;
        connection.send(new ErrorReply(words));
        connection.close();
      },
    });
    const silent: RedisOptions = { protocol: 2, libName: false, commandTimeout: 0 };
    for (const multiplex of [true, false]) {
      await using redis = new Redis({ ...silent, multiplex, transport: peer.transport() });
      const ended: unknown[] = [];
      redis.addEventListener("closed", ({ detail }) => ended.push(detail.cause));
      const calls: Readonly<Record<string, () => Promise<unknown>>> = {
        write: () => redis.incr("denied"),
        read: () => redis.get("denied"),
        pipeline: () => redis.pipeline().incr("denied").get("denied").exec(),
        transaction: () => redis.multi().incr("denied").exec(),
        block: () => redis.blpop("denied", 0),
        subscription: () => redis.subscription("denied").ready,
      };
      for (const [name, call] of Object.entries(calls)) {
        tries = 0;
        const error = await errorOf(call());
        assert.deepEqual([error.code, error.executed], ["REFUSED", "no"], name);
        assert.ok(error.message.includes(words), error.message);
        // A subscription asks the shared connection first which protocol is spoken.
        assert.ok(tries === 1 || (name === "subscription" && tries === 2), `${name}: ${tries} tries`);
      }
      tries = 0;
      const both = await Promise.all([errorOf(redis.incr("denied")), errorOf(redis.get("denied"))]);
      assert.deepEqual(both.map(({ executed }) => executed), ["no", "no"]);
      assert.equal(tries, multiplex ? 1 : 2);
      for (const cause of ended) assert.match(String(cause), /the server rejected it/);
    }
  });

  it("is served again, without a handshake, when the server has changed its mind", async () => {
    const peer = new ScriptedPeer({
      onConnection: (connection) => {
        connection.send(new ErrorReply("DENIED not you"));
        connection.close();
      },
    });
    await using redis = new Redis({ protocol: 2, libName: false, transport: peer.transport() });
    assert.equal((await errorOf(redis.incr("n"))).code, "REFUSED");
    peer.onConnection = undefined;
    assert.equal(await redis.incr("n"), 1);
  });

  it("fails connect() and acquire() after as many tries as the retries allow", async () => {
    await using redis = new Redis(server.url, {
      retry: { attempts: 2, backoff: "constant:5" },
      reconnect: { backoff: "constant:5" },
    });
    const rejected = async (): Promise<number> =>
      Number(/rejected_connections:(\d+)/.exec(String(await server.cli("INFO", "stats")))?.[1]);
    const before = await rejected();
    await using limit = await limitClients(server, 1);
    const errors = [await errorOf(redis.pool.acquire()), await errorOf(redis.connect())];
    await redis.close();
    await limit.undo();
    for (const error of errors) {
      assert.ok(error instanceof ConnectionError);
      assert.deepEqual([error.code, error.executed], ["MAX_CLIENTS", "no"]);
      assert.match(error.message, /^Cannot connect to .*max number of clients reached/);
    }
    // Three tries each; the connection may have begun another before it was closed.
    assert.ok(await rejected() - before >= 6);
  });
});

describe("a server that refuses writes", () => {
  for (
    const [code, refuse] of [["OOM", exhaustMemory], ["MISCONF", failSaves], [
      "NOREPLICAS",
      demandReplicas,
    ]] as const
  ) {
    it(`with ${code} says so, serves reads, and is used again`, async () => {
      await using redis = new Redis(server.url);
      await redis.set("kept", "yes");
      await redis.del("n");
      await using fault = await refuse(server);
      const error = await errorOf(redis.incr("n"));
      assert.ok(error instanceof ReplyError);
      assert.deepEqual([error.code, error.executed], [code, "no"]);
      // A pipeline continues after a refused command; a transaction runs no command.
      const [refused, value] = await redis.pipeline().incr("n").get("kept").exec({ settle: true });
      assert.ok(refused instanceof ReplyError);
      assert.deepEqual([refused.code, refused.executed, value], [code, "no", "yes"]);
      const aborted = await errorOf(redis.multi().incr("n").get("kept").exec());
      assert.ok(aborted instanceof PipelineError);
      assert.deepEqual([aborted.executed, aborted.index], ["no", 0]);
      assert.equal(await redis.get("n"), null);
      await fault.undo();
      assert.equal(await redis.incr("n"), 1);
      assert.equal(redis.pool.stats().created, 1, "the connection was kept");
    });
  }
});

describe("a server that loads its data", () => {
  it("is waited for as the retries allow, writes included: none of them ran", async () => {
    await using redis = new Redis(server.url, { retry: { attempts: 1_000, backoff: "constant:20" } });
    await redis.set("n", 0);
    await using loading = await load(server);
    const error = await errorOf(redis.with({ retry: false }).incr("n"));
    assert.ok(error instanceof ReplyError);
    assert.deepEqual([error.code, error.executed], ["LOADING", "no"]);
    const waiting = [redis.incr("n"), redis.get("n")];
    // A server refuses a connection that opens meanwhile in its handshake, or in its first command.
    const late = new Connection({
      host: server.host,
      port: server.port,
      commandTimeout: 0,
      connectTimeout: 0,
    });
    const refused = await errorOf(late.connect().then(() => late.execute(incr("n"))));
    late.disconnect();
    assert.equal(refused.executed, "no");
    assert.match(refused.message, /LOADING/);
    await loading.undo();
    assert.deepEqual(await Promise.all(waiting), [1, "1"]);
    await using other = new Redis(server.url);
    assert.equal(await other.incr("n"), 2);
  });
});

describe("a server that cuts off who does not read", () => {
  it("leaves the caller of a write in doubt, who has read half a reply, and is used again", async () => {
    await using redis = new Redis(server.url, { retry: { attempts: 1, backoff: "constant:5" } });
    // Redis 8.6 does not count a large string, which it sends without a copy.
    await redis.sadd("large", Array.from({ length: 1_000 }, (_, n) => "x".repeat(1_000) + n));
    await redis.set("small", "x");
    await using limit = await limitOutput(server, "normal", 20_000);
    await server.cli("CONFIG", "RESETSTAT");
    const read = await errorOf(redis.smembers("large"));
    assert.deepEqual([read instanceof ConnectionError, read.executed], [true, "unknown"]);
    assert.equal(await calls("smembers"), 2, "a read is repeated, as often as the retries allow");
    const written = await errorOf(redis.spop("large", 1_000));
    assert.deepEqual([written instanceof ConnectionError, written.executed], [true, "unknown"]);
    assert.equal(await calls("spop"), 1, "what may have run is not repeated");
    assert.equal(await redis.get("small"), "x");
    await limit.undo();
    assert.equal(await redis.exists("large"), 0);
  });

  it("makes a gap in a subscription, which goes on behind it", async () => {
    await using redis = new Redis(server.url);
    const subscription = redis.subscription("flood");
    await subscription.ready;
    await using limit = await limitOutput(server, "pubsub", 20_000);
    await server.cli("PUBLISH", "flood", "x".repeat(1_000_000));
    assert.equal((await subscription.next()).value?.kind, "gap");
    await limit.undo();
    await server.cli("PUBLISH", "flood", "after");
    assert.deepEqual((await subscription.next()).value, {
      kind: "message",
      channel: "flood",
      message: "after",
    });
    await subscription.close();
  });
});
