/**
 * A marker is planted wherever a secret can stand; it must show nowhere: no error, event, operation or printed object.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConnectionPoolBase } from "../../base.ts";
import { Redis, type RedisOptions } from "../../mod.ts";
import type { Observer, Operation } from "../../src/observer.ts";
import { ErrorReply } from "../harness/resp.ts";
import type { Script, ScriptedPeerOptions } from "../harness/scripted_peer.ts";
import { printed } from "./printed.ts";
import { recordedOpenTelemetry } from "./recorded_otel.ts";
import { closeClean, Follower, settleAll, type Stage, stage } from "./support.ts";

const SECRET = "hunter2-marker";

/** Fails when the marker shows; `what` was planted. */
function clean(what: string, ...values: unknown[]): void {
  // An object that several values refer to is printed once.
  const seen = new Set<unknown>();
  for (const value of values) {
    const text = printed(value, seen);
    const at = text.indexOf(SECRET);
    assert.ok(at < 0, `${what}: ...${text.slice(Math.max(0, at - 200), at + 40)}`);
  }
}

/** A stage of which everything is kept that an outsider can get hold of. */
function watched(
  options: RedisOptions<ConnectionPoolBase> = {},
  script?: Script,
  peer: ScriptedPeerOptions = {},
): Stage & { readonly seen: unknown[]; readonly recorded: () => string } {
  const seen: unknown[] = [];
  const { observer: otel, read } = recordedOpenTelemetry();
  const observer: Observer = {
    listens: (kind) => otel.listens(kind),
    observe: (operation: Operation, run) => {
      seen.push(operation);
      return otel.observe(operation, run);
    },
    pool: (pool, target) => {
      seen.push(target);
      otel.pool?.(pool, target);
    },
  };
  const set = stage(
    { observer, commandTimeout: 1_000, ...options },
    script === undefined ? peer : { script },
  );
  const { redis } = set;
  for (const type of ["connecting", "ready", "reconnecting", "closed"] as const) {
    redis.addEventListener(type, (event) => seen.push(event, event.detail));
  }
  seen.push(redis, redis.bytes(), redis.pool, redis.options, redis.pool.options, redis.pool.stats());
  return { ...set, seen, recorded: read };
}

/** Returns the outcome of a call, and all output on the way. */
async function show(set: ReturnType<typeof watched>, what: string, calls: readonly Promise<unknown>[]) {
  const outcomes = await settleAll(set.clock, calls.map((call) => new Follower(call)));
  for (const outcome of outcomes) {
    assert.ok("error" in outcome, `${what}: it did not fail`);
    clean(what, outcome.error, (outcome.error as Error).stack, (outcome.error as Error).message);
  }
  clean(what, ...set.seen, set.recorded());
  await closeClean(set);
  clean(what, ...set.seen, set.recorded());
}

/** An error as servers have it that quote what they do not know. */
const quoting: Script = (words) =>
  new ErrorReply(
    `ERR unknown command '${words[0]}', with args beginning with: ${
      words.slice(1).map((word) => `'${word}'`).join(" ")
    }`,
  );

describe("a password", () => {
  const wrong = { password: SECRET } as const;
  for (
    const [name, options] of Object.entries<RedisOptions<ConnectionPoolBase>>({
      "alone": wrong,
      "of a user": { username: "bob", ...wrong },
      "from a provider": { credentials: () => ({ username: "bob", password: SECRET }) },
      "under RESP2": { ...wrong, protocol: 2 },
    })
  ) {
    it(`${name} that is refused`, async () => {
      const refusing: Script = ([command], connection) =>
        command === "HELLO" || command === "AUTH"
          ? new ErrorReply("WRONGPASS invalid username-password pair or user is disabled.")
          : connection.serve();
      const set = watched(options, refusing);
      await show(set, name, [set.redis.get("k"), set.redis.connect(), set.redis.pool.acquire()]);
    });

    it(`${name}, quoted by a server that does not know the command`, async () => {
      const set = watched({ protocol: 3, retry: false, ...options }, quoting);
      await show(set, name, [set.redis.get("k"), set.redis.connect()]);
    });
  }

  it("in a URL that is refused", () => {
    for (
      const url of [
        `redis://:${SECRET}@host:99999`,
        `redis://bob:${SECRET}@host?no=such`,
        `redis://bob:${SECRET}@host/not-a-number`,
        `http://bob:${SECRET}@host`,
        `redis://${SECRET}:${SECRET}@host:port`,
        `redis://host?password=${SECRET}&db=x`,
        `redis://host?socket_timeout=1&password=${SECRET}`,
        `bob:${SECRET}@host:6379`,
        `redis://:%zz${SECRET}@host`,
      ]
    ) {
      assert.throws(() => new Redis(url), (error) => (clean(url.replaceAll(SECRET, "*"), error), true), url);
    }
  });

  it("among options that are refused", () => {
    for (
      const options of [
        { password: SECRET, databse: 1 },
        { password: [SECRET] },
        { password: { secret: SECRET } },
        { password: SECRET, credentials: () => ({ password: SECRET }) },
        { tls: { key: SECRET, kye: SECRET } },
        { tls: { key: { pem: SECRET } } },
        { credentials: { token: SECRET } },
        { url: `redis://:${SECRET}@host` },
        { passwort: SECRET },
      ]
    ) {
      assert.throws(
        () => new Redis(options as never),
        (error) => (clean(Object.keys(options).join(), error), true),
      );
    }
  });
});

describe("an argument", () => {
  const calls: Readonly<Record<string, (redis: Redis) => Promise<unknown>>> = {
    "SET": (redis) => redis.set(SECRET, SECRET),
    "ACL SETUSER": (redis) => redis.command("ACL", "SETUSER", "bob", `>${SECRET}`),
    "CONFIG SET": (redis) => redis.command("CONFIG", "SET", "requirepass", SECRET),
    "MIGRATE": (redis) => redis.command("MIGRATE", "host", 1, "k", 0, 100, "AUTH", SECRET),
    "EVAL": (redis) => redis.command("EVAL", `return '${SECRET}'`, 0, SECRET),
    "a command of tomorrow": (redis) => redis.command("FUTURE", SECRET, new TextEncoder().encode(SECRET)),
    "a blocking command": (redis) => redis.blpop(SECRET, 0.1),
    "a pipeline": (redis) => redis.pipeline().set("k", SECRET).incr(SECRET).exec(),
    "a transaction": (redis) => redis.multi().set("k", SECRET).incr(SECRET).exec(),
  };
  const troubles: Readonly<Record<string, Script>> = {
    "that the server quotes": quoting,
    "that the server refuses": (words, connection) =>
      words[0] === "HELLO" || words[0] === "CLIENT"
        ? connection.serve()
        : new ErrorReply(`ERR Error in ACL SETUSER modifier '>${SECRET}': Syntax error`),
    "of a command that is lost": ([name], connection) => {
      if (name === "HELLO" || name === "CLIENT") return connection.serve();
      connection.reset();
      return undefined;
    },
    "of a command that is never answered": ([name], connection) =>
      name === "HELLO" || name === "CLIENT" ? connection.serve() : undefined,
    "of a command that is never sent": () => undefined,
  };
  for (const [trouble, script] of Object.entries(troubles)) {
    for (const [name, call] of Object.entries(calls)) {
      it(`${trouble}: ${name}`, async () => {
        const set = watched({ protocol: 3, connectTimeout: 400, retry: false }, script);
        await show(set, `${name} ${trouble}`, [call(set.redis)]);
      });
    }
  }

  it("that cannot be sent", async () => {
    for (
      const value of [
        { token: SECRET },
        [SECRET],
        () => SECRET,
        Symbol(SECRET),
        new Date(NaN),
        true,
        null,
      ]
    ) {
      const set = watched();
      await show(set, typeof value, [
        (async () => await set.redis.set("k", value as never))(),
        (async () => await set.redis.command("FUTURE", value as never))(),
      ]);
    }
  });

  it("of a command for which there is no room", async () => {
    const set = watched({ offlineQueue: { maxCommands: 1 } }, () => undefined);
    const first = set.redis.set("a", SECRET);
    await show(set, "no room", [first, set.redis.set("b", SECRET), set.redis.set("c", SECRET)]);
  });

  it("in a reply that is not of its type", async () => {
    const set = watched(
      {},
      ([name], connection) =>
        ["HGETALL", "ZRANGE", "XRANGE", "INFO", "SCAN", "GEOPOS"].includes(name!)
          ? [[SECRET], SECRET]
          : connection.serve(),
    );
    const { redis } = set;
    const all = [
      redis.hgetall("k"),
      redis.command("XRANGE", "k", "-", "+"),
      redis.geopos("k", ["m"] as never),
    ];
    const outcomes = await settleAll(set.clock, all.map((one) => new Follower(one as Promise<unknown>)));
    for (const outcome of outcomes) if ("error" in outcome) clean("a reply", outcome.error);
    await closeClean(set);
  });
});

describe("spans and metrics", () => {
  it("hold names and numbers of what succeeds and of what fails, and nothing else", async () => {
    const set = watched({ password: SECRET }, undefined, { password: SECRET });
    const { redis } = set;
    const calls = [
      redis.set(`key:${SECRET}`, SECRET),
      redis.get(`key:${SECRET}`),
      redis.lpush(`key:${SECRET}`, SECRET),
      redis.eval(`return '${SECRET}'`, [SECRET], [SECRET]),
      redis.pipeline().get(`key:${SECRET}`).lpush(`key:${SECRET}`, SECRET).exec(),
      redis.multi().set(SECRET, SECRET).exec(),
      redis.blpop(`list:${SECRET}`, 0.01),
      redis.publish(SECRET, SECRET),
      redis.subscribe(SECRET, () => {}),
    ];
    await settleAll(set.clock, calls.map((call) => new Follower(call as Promise<unknown>)));
    await closeClean(set);
    const text = set.recorded();
    clean("spans and metrics", text);
    for (const name of ["SET", "LPUSH", "EVAL", "PIPELINE", "MULTI", "BLPOP", "WRONGTYPE"]) {
      assert.ok(text.includes(name), `${name} was not recorded`);
    }
    for (const name of ["db.client.operation.duration", "db.client.connection.wait_time"]) {
      assert.ok(text.includes(name), `${name} was not recorded`);
    }
  });
});
