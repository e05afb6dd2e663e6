import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Socket } from "../src/transport.ts";
import { SimulatedClock } from "./harness/clock.ts";
import { encodeCommand, ErrorReply, type Plain, plain, Push, Raw, RespReader } from "./harness/resp.ts";
import { rawClient } from "./harness/raw_client.ts";
import { ScriptedPeer, type ScriptedPeerOptions } from "./harness/scripted_peer.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

interface Client {
  readonly peer: ScriptedPeer;
  readonly clock: SimulatedClock;
  readonly socket: Socket;
  /** Replies and pushes, in order. */
  readonly seen: (Plain | Push | ErrorReply)[];
  /** All bytes that came, as text. */
  raw(): string;
  readonly closes: (Error | undefined)[];
  /** Sends commands and lets everything settle; what came in the meantime. */
  say(...commands: string[]): Promise<unknown[]>;
}

async function client(options: ScriptedPeerOptions = {}, peer?: ScriptedPeer): Promise<Client> {
  const clock = new SimulatedClock();
  const server = peer ?? new ScriptedPeer({ clock, ...options });
  const reader = new RespReader();
  const seen: (Plain | Push | ErrorReply)[] = [];
  const closes: (Error | undefined)[] = [];
  let raw = "";
  const socket = await server.transport().connect({ host: "scripted", port: 1 }, {}, {
    data(chunk) {
      raw += text(chunk);
      try {
        for (const value of reader.read(chunk)) seen.push(value instanceof Push ? value : plain(value));
      } catch {
        // garbage is looked at in `raw`
      }
    },
    close: (error) => void closes.push(error),
  });
  return {
    peer: server,
    clock,
    socket,
    seen,
    raw: () => raw,
    closes,
    async say(...commands) {
      const before = seen.length;
      for (const command of commands) await socket.write(encodeCommand(command.split(" ")));
      await clock.settle();
      return seen.slice(before).map((one) => one instanceof Push ? ["push", ...plain(one) as Plain[]] : one);
    },
  };
}

describe("scripted peer: the server in memory", () => {
  it("answers strings, counters and lists", async () => {
    const { say, peer } = await client();
    assert.deepEqual(await say("PING", "ECHO hi", "SET k v", "GET k", "GET none"), [
      "PONG",
      "hi",
      "OK",
      "v",
      null,
    ]);
    assert.deepEqual(await say("INCR n", "INCR n", "INCRBY n 40", "DEL n k none", "EXISTS n"), [
      1,
      2,
      42,
      2,
      0,
    ]);
    assert.deepEqual(await say("SET k 1 NX", "SET k 2 NX", "SET k 3 XX", "get k"), ["OK", null, "OK", "3"]);
    assert.deepEqual([peer.executed("INCR"), peer.count("incr"), peer.executed("GET")], [2, 2, 3]);
    const [wrong, unknown, few] = await say("LPUSH k x", "NOSUCH a b", "GET") as ErrorReply[];
    assert.match(wrong!.message, /^WRONGTYPE/);
    assert.equal(unknown!.message, "ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' ");
    assert.equal(few!.message, "ERR wrong number of arguments for 'get' command");
  });

  it("expires keys in the clock's time", async () => {
    const { say, clock } = await client();
    await say("SET k v PX 10");
    await clock.advance(9);
    assert.deepEqual(await say("GET k"), ["v"]);
    await clock.advance(1);
    assert.deepEqual(await say("GET k"), [null]);
  });

  it("speaks RESP3 after HELLO 3, and RESP2 before", async () => {
    const { say } = await client();
    const [hello] = await say("HELLO 3 SETNAME me") as { proto: number; server: string }[];
    assert.deepEqual([hello!.proto, hello!.server], [3, "redis"]);
    assert.deepEqual(await say("CLIENT GETNAME", "CLIENT SETINFO LIB-NAME x", "SELECT 3", "SELECT 99"), [
      "me",
      "OK",
      "OK",
      new ErrorReply("ERR DB index is out of range"),
    ]);
    const old = await client({ maxProtocol: 2 });
    assert.deepEqual(await old.say("HELLO 3"), [new ErrorReply("NOPROTO unsupported protocol version")]);
    const older = await client({ hello: false });
    assert.match((await older.say("HELLO 3") as ErrorReply[])[0]!.message, /^ERR unknown command 'HELLO'/);
  });

  it("asks for passwords", async () => {
    const { say } = await client({ password: "pw", users: { bob: "secret" } });
    const messages = (await say("GET k", "HELLO 3", "AUTH no", "AUTH bob secret", "PING")).map((one) =>
      one instanceof ErrorReply ? one.message.split(" ")[0] : one
    );
    assert.deepEqual(messages, ["NOAUTH", "NOAUTH", "WRONGPASS", "OK", "PONG"]);
    const other = await client({ password: "pw" });
    const [hello] = await other.say("HELLO 3 AUTH default pw") as { proto: number }[];
    assert.equal(hello!.proto, 3);
  });

  it("runs transactions, with WATCH", async () => {
    const { say, peer } = await client();
    assert.deepEqual(await say("MULTI", "INCR n", "BLPOP none 0", "EXEC"), ["OK", "QUEUED", "QUEUED", [
      1,
      null,
    ]]);
    const other = await client({}, peer);
    await say("WATCH n");
    await other.say("INCR n");
    assert.deepEqual(await say("MULTI", "INCR n", "EXEC"), ["OK", "QUEUED", null]);
    const [, , exec] = await say("MULTI", "NOSUCH", "EXEC") as ErrorReply[];
    assert.match(exec!.message, /^EXECABORT/);
    assert.equal(peer.executed("INCR"), 2);
  });

  it("blocks, in order, until a push or the timeout", async () => {
    const { say, seen, peer, clock } = await client();
    assert.deepEqual(await say("BLPOP q 5", "PING"), []);
    const other = await client({}, peer);
    assert.deepEqual(await other.say("RPUSH q a"), [1]);
    assert.deepEqual(seen, [["q", "a"], "PONG"]);
    const waiting = await client();
    await waiting.say("BLPOP q 5", "PING");
    await waiting.clock.advance(4999);
    assert.deepEqual(waiting.seen, []);
    await waiting.clock.advance(1);
    assert.deepEqual(waiting.seen, [null, "PONG"]);
    assert.equal(clock.pendingTimers, 0);
  });

  it("publishes, as pushes on RESP3 and arrays on RESP2", async () => {
    const two = await client();
    const three = await client({}, two.peer);
    await three.say("HELLO 3");
    assert.deepEqual(await two.say("SUBSCRIBE a b"), [["subscribe", "a", 1], ["subscribe", "b", 2]]);
    assert.deepEqual(await three.say("PSUBSCRIBE a*"), [["push", "psubscribe", "a*", 1]]);
    assert.deepEqual(await three.say("PUBLISH a hi"), [["push", "pmessage", "a*", "a", "hi"], 2]);
    assert.deepEqual(two.seen.at(-1), ["message", "a", "hi"]);
    assert.match((await two.say("GET k") as ErrorReply[])[0]!.message, /^ERR Can't execute 'get'/);
    assert.deepEqual(await two.say("UNSUBSCRIBE", "PING"), [
      ["unsubscribe", "a", 1],
      ["unsubscribe", "b", 0],
      "PONG",
    ]);
  });
});

describe("scripted peer: faults", () => {
  it("answers by script: late, wrong, or not at all", async () => {
    const late = Promise.withResolvers<string>();
    const { say, raw, peer } = await client({
      script: ([name], connection) => {
        if (name === "GET") return new Raw("rubbish");
        if (name === "SET") return undefined;
        if (name === "MGET") return late.promise;
        return connection.serve();
      },
    });
    assert.deepEqual(await say("SET k v", "MGET k", "PING"), []);
    late.resolve("late");
    assert.deepEqual(await say(), ["late", "PONG"]);
    await say("GET k");
    assert.ok(raw().endsWith("rubbish"));
    assert.deepEqual([peer.executed("SET"), peer.count("SET")], [0, 1]);
  });

  it("cuts at a byte on the way to the client, after executing", async () => {
    for (const how of ["close", "reset"] as const) {
      const { say, raw, closes, peer } = await client({
        onConnection: (connection) => connection.cutAfter({ toClient: 6, how }),
      });
      await say("INCR n", "INCR n", "INCR n");
      assert.equal(raw(), ":1\r\n:2");
      assert.equal(peer.executed("INCR"), 2);
      assert.equal(closes.length, 1);
      assert.equal(closes[0] instanceof Error, how === "reset");
      assert.deepEqual(peer.open, []);
    }
  });

  it("cuts at a byte on the way from the client", async () => {
    const length = encodeCommand(["INCR", "n"]).length;
    for (const [at, executed] of [[length - 1, 0], [length, 1], [2 * length - 1, 1]] as const) {
      const { say, raw, closes, peer } = await client({
        onConnection: (connection) => connection.cutAfter({ toPeer: at }),
      });
      await say("INCR n", "INCR n").catch(() => {}); // the second write may find it closed
      assert.equal(peer.executed("INCR"), executed);
      assert.equal(raw(), executed === 1 ? ":1\r\n" : "");
      assert.deepEqual(closes, [undefined]);
      assert.equal(peer.last.bytesReceived, at);
    }
  });

  it("freezes and thaws; vanishes", async () => {
    const { say, peer, closes, clock } = await client();
    peer.last.freeze("toClient");
    assert.deepEqual(await say("INCR n"), []);
    assert.equal(peer.executed("INCR"), 1);
    peer.last.thaw();
    assert.deepEqual(await say("INCR n"), [1, 2]);
    peer.last.vanish();
    assert.deepEqual(await say("INCR n"), []);
    await clock.advance(1e9);
    assert.deepEqual([closes, peer.executed("INCR"), peer.last.closed], [[], 2, true]);
  });

  it("refuses connections", async () => {
    const peer = new ScriptedPeer({
      onConnection: (connection) => {
        if (connection.id === 1) throw new Error("full");
      },
    });
    const handlers = { data() {}, close() {} };
    await assert.rejects(peer.transport().connect({ path: "/x" }, {}, handlers), {
      code: "CONNECT",
      executed: "no",
    });
    await peer.transport().connect({ path: "/x" }, {}, handlers);
    assert.deepEqual(peer.connections.map((connection) => connection.closed), [true, false]);
  });
});

describe("scripted peer: over TCP", () => {
  it("answers, says who is there, and stops", async () => {
    const peer = new ScriptedPeer();
    const address = await peer.listen();
    const client = await rawClient(address);
    assert.equal(await client.call("SET", "k", "välue\r\n"), "OK");
    assert.equal(await client.call("GET", "k"), "välue\r\n");
    await assert.rejects(client.call("INCR", "k"), { message: /^ERR value is not an integer/ });
    await peer.whenReceived("INCR");
    assert.equal(peer.open.length, 1);
    await peer.stop();
    await client.closed;
    await assert.rejects(rawClient(address), { code: "ECONNREFUSED" });
  });

  it("cuts at a byte, gently and with a reset", async () => {
    for (const how of ["close", "reset"] as const) {
      await using peer = new ScriptedPeer({
        onConnection: (connection) => connection.cutAfter({ toClient: 6, how }),
      });
      const client = await rawClient(await peer.listen());
      assert.equal(await client.call("INCR", "n"), 1);
      await assert.rejects(client.call("INCR", "n"), how === "reset" ? { code: "ECONNRESET" } : /was closed/);
      await client.closed;
      assert.equal(peer.executed("INCR"), 2);
    }
  });

  it("freezes, thaws and vanishes", async () => {
    await using peer = new ScriptedPeer();
    const client = await rawClient(await peer.listen());
    await client.call("PING");
    peer.last.freeze("toClient");
    const frozen = client.call("INCR", "n");
    await peer.whenReceived("INCR");
    peer.last.thaw();
    assert.equal(await frozen, 1);
    peer.last.vanish();
    const lost = assert.rejects(client.call("INCR", "n"));
    assert.equal(peer.executed("INCR"), 1);
    await client.close();
    await lost;
  });
});
