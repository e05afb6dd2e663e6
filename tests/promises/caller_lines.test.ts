/** Errors that name their command and show the caller's line. */
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { Redis, RedisError } from "../../mod.ts";
import { type Server, startServer } from "../harness/server.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";

const isV8 = !("Bun" in globalThis);

let server: Server;
let redis: Redis;
before(async () => {
  server = await startServer();
  redis = new Redis(server.url);
  await redis.set("text", "secret");
});
after(async () => {
  await redis.close();
  await server.stop();
});

/** The calls whose line a stack that is captured at the call shows. */
const SHOWN_BY_CALL_SITES: readonly string[] = ["aCommand", "aBlockingCommand", "withOptions", "ofBytes"];

async function failed(call: () => Promise<unknown>): Promise<RedisError> {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof RedisError);
    return error;
  }
  throw new Error("nothing was thrown");
}

/** Calls of a program, each in a function of its own name. */
const CALLS: Readonly<Record<string, (client: Redis) => Promise<unknown>>> = {
  async aCommand(client) {
    return await client.incr("text");
  },
  async aBlockingCommand(client) {
    return await client.blpop("text", 1);
  },
  async allAtOnce(client) {
    return await Promise.all([client.get("text"), client.lpush("text", "secret")]);
  },
  async withOptions(client) {
    return await client.with({ timeout: 2_000 }).hget("text", "secret");
  },
  async aPipeline(client) {
    return await client.pipeline().get("text").incr("text").exec();
  },
  async aTransaction(client) {
    return await client.multi().get("text").incr("text").exec();
  },
  async aScript(client) {
    return await client.script("return redis.call('INCR', KEYS[1])", { keys: ["text"] });
  },
  async once(client) {
    return await client.once("id").incr("text");
  },
  async ofBytes(client) {
    return await client.bytes().llen("text");
  },
};

describe("an error", () => {
  it("names its command, and no argument", async () => {
    const error = await failed(() => redis.lpush("text", "secret", "a"));
    assert.deepEqual(error.command, { name: "LPUSH", args: 3 });
    assert.doesNotMatch(JSON.stringify(error) + error.stack, /secret/);
    assert.deepEqual((await failed(() => redis.configSet("maxmemory", "x"))).command, {
      name: "CONFIG SET",
      args: 2,
    });
    assert.deepEqual((await failed(() => redis.command("config", "get"))).command, {
      name: "CONFIG GET",
      args: 0,
    });
  });

  it("names its command in pipelines and transactions", async () => {
    for (const batch of [redis.pipeline(), redis.multi()]) {
      const error = await failed(() => batch.get("text").incr("text").exec());
      assert.deepEqual(error.command, { name: "INCR", args: 1 });
      assert.deepEqual((error.cause as RedisError).command, { name: "INCR", args: 1 });
    }
    const [, outcome] = await redis.pipeline().get("text").incr("text").exec({ settle: true });
    assert.deepEqual((outcome as unknown as RedisError).command, { name: "INCR", args: 1 });
  });

  it("names its command when the connection is lost, or the time is up", async () => {
    const peer = new ScriptedPeer({
      script: ([name], connection) => name === "GET" ? undefined : connection.serve(),
    });
    await using client = new Redis({ transport: peer.transport(), closeGrace: 0 });
    const late = await failed(() => client.with({ timeout: 50 }).get("k"));
    assert.deepEqual([late.code, late.command], ["COMMAND_TIMEOUT", { name: "GET", args: 1 }]);
  });

  for (const [name, call] of Object.entries(CALLS)) {
    const skip = !isV8 && !SHOWN_BY_CALL_SITES.includes(name) &&
      "JavaScriptCore has no stacks of those who await";
    it(`has the caller's line: ${name}`, { skip }, async () => {
      const error = await failed(() => call(redis));
      assert.match(
        error.stack!,
        new RegExp(`at ${isV8 ? "async " : ""}.*${name} \\(?.*caller_lines\\.test\\.ts:\\d+`),
      );
    });
  }

  it("has no line that costs something in production", { skip: isV8 }, async () => {
    const before = process.env.NODE_ENV;
    process.env.NODE_ENV = "production";
    try {
      await using client = new Redis(server.url);
      assert.doesNotMatch((await failed(() => CALLS.aCommand!(client))).stack!, /aCommand/);
    } finally {
      if (before === undefined) delete process.env.NODE_ENV;
      else process.env.NODE_ENV = before;
    }
  });

  it("has the arguments with errorArguments", async () => {
    await using client = new Redis(server.url, { errorArguments: true, keyPrefix: "te" });
    const error = await failed(() => client.lpush("xt", "secret", 7));
    assert.deepEqual(error.command, { name: "LPUSH", args: 3, arguments: ["text", "secret", 7] });
    for (const batch of [client.pipeline(), client.multi()]) {
      const { command } = await failed(() => batch.get("xt").incr("xt").exec());
      assert.deepEqual(command, { name: "INCR", args: 1, arguments: ["text"] });
    }
  });

  for (const name of SHOWN_BY_CALL_SITES) {
    it(`has the caller's line with callSites: ${name}`, async () => {
      await using client = new Redis(server.url, { callSites: true });
      const error = await failed(() => CALLS[name]!(client));
      assert.match(error.stack!, new RegExp(`${name} \\(?.*caller_lines\\.test\\.ts:\\d+`));
    });
  }

  it("costs the stacks of the first ones only where thousands fail at once", async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 5_000 }, () => redis.incr("text")));
    assert.equal(outcomes.filter(({ status }) => status === "rejected").length, 5_000);
  });
});
