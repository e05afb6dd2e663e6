/** Operations on the tracing channels of `node:diagnostics_channel`, with a real server. @module */
import assert from "node:assert/strict";
import { tracingChannel } from "node:diagnostics_channel";
import { after, before, describe, it } from "node:test";
import { ConnectionPool, type Observer, type Operation, Redis } from "../../mod.ts";
import { type Server, startServer } from "../harness/server.ts";

type Message = Operation & { error?: Error; result?: unknown };

/** Listens to a channel until disposed of. */
function listen(kind: Operation["kind"]) {
  const channel = tracingChannel(`keywire:${kind}`);
  const begun: Message[] = [];
  const ended: Message[] = [];
  const handlers = {
    start: (message: unknown) => void begun.push(message as Message),
    end: () => {},
    asyncStart: () => {},
    asyncEnd: (message: unknown) => void ended.push(message as Message),
    error: () => {},
  };
  channel.subscribe(handlers);
  return { begun, ended, [Symbol.dispose]: () => channel.unsubscribe(handlers) };
}

describe("diagnostics channels", () => {
  let server: Server;
  before(async () => {
    server = await startServer();
  });
  after(() => server?.stop());

  it("tell of a command, without arguments and reply", async () => {
    await using redis = new Redis(server.url);
    using commands = listen("command");
    await redis.set("secret-key", "secret-value");
    assert.equal(await redis.get("secret-key"), "secret-value");
    assert.deepEqual(commands.begun.map((message) => message.kind === "command" && message.name), [
      "SET",
      "GET",
    ]);
    assert.deepEqual(commands.begun[0]!.target, { address: server.host, port: server.port, db: 0 });
    assert.equal(commands.ended.length, 2);
    assert.doesNotMatch(JSON.stringify([commands.begun, commands.ended]), /secret/);
  });

  it("tell of a failure", async () => {
    await using redis = new Redis(server.url);
    await redis.set("text", "x");
    using commands = listen("command");
    await assert.rejects(redis.lpush("text", "y"), { code: "WRONGTYPE" });
    assert.equal((commands.ended[0]!.error as { code?: string }).code, "WRONGTYPE");
  });

  it("tell of acquiring and connecting", async () => {
    using acquired = listen("acquire");
    using connected = listen("connect");
    await using pool = new ConnectionPool(server.url, { db: 3 });
    (await pool.acquire())[Symbol.dispose]();
    (await pool.acquire())[Symbol.dispose]();
    assert.equal(acquired.ended.length, 2);
    assert.equal(connected.ended.length, 1);
    assert.deepEqual(connected.ended[0]!.target, { address: server.host, port: server.port, db: 3 });
  });

  it("are silent when nobody listens any more", async () => {
    await using redis = new Redis(server.url);
    const commands = listen("command");
    await redis.ping();
    commands[Symbol.dispose]();
    await redis.ping();
    assert.equal(commands.begun.length, 1);
  });

  it("give way to an observer of one's own", async () => {
    const seen: string[] = [];
    const observer: Observer = {
      listens: (kind) => kind === "command",
      observe: (operation, run) => {
        seen.push(
          operation.kind === "command" ? `${operation.name} ${operation.procedure ?? ""}` : operation.kind,
        );
        return run();
      },
    };
    await using redis = new Redis(server.url, { observer });
    using commands = listen("command");
    const digest = await redis.scriptLoad("return ARGV[1]");
    assert.equal(await redis.evalsha(digest, [], ["secret"]), "secret");
    assert.deepEqual(seen, ["SCRIPT LOAD ", `EVALSHA ${digest}`]);
    assert.equal(commands.begun.length, 0);
  });

  it("refuse an observer that is none", () => {
    assert.throws(() => new Redis({ observer: {} as Observer }), /Cannot use the option `observer`/);
  });
});
