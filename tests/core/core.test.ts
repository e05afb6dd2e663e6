import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { blpop, dump, evalsha, get, incr, ping, select, set, strlen } from "../../src/commands/mod.ts";
import { script } from "../../src/commands/script.ts";
import { connect } from "../../core.ts";
import { withMethods } from "../../src/core/methods.ts";
import { Redis } from "../../mod.ts";
import { AuthenticationError, ReplyError } from "../../src/errors.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";
import { type Server, startServer } from "../harness/server.ts";

for (const protocol of [2, 3] as const) {
  describe(`the small client, RESP${protocol}`, () => {
    let server: Server;
    before(async () =>
      void (server = await startServer({ unix: true, acl: ["user bob on >p%40w ~* +@all"] }))
    );
    after(() => server.stop());

    it("executes commands, and gives typed replies and errors", async () => {
      await using client = await connect(server.url, { protocol });
      assert.equal(await client.execute(set("n", 41)), "OK");
      const [n, value] = await Promise.all([client.execute(incr("n")), client.execute(get("n"))]);
      assert.deepEqual([n, value], [42, "42"]);
      await client.execute(set("a", "x"));
      await assert.rejects(
        client.execute(incr("a")),
        (error) => error instanceof ReplyError && error.executed === "yes",
      );
      await assert.rejects(client.execute(set("a", undefined as never)), TypeError);
      assert.ok(await client.execute(dump("a")) instanceof Uint8Array);
      assert.equal(await client.execute(script<number>("return 7")), 7);
      await assert.rejects(client.execute(evalsha("0".repeat(40), [], [])), {
        code: "NOSCRIPT",
        executed: "no",
      });
    });

    it("sends commands together, errors in their places", async () => {
      await using client = await connect({ host: server.host, port: server.port, protocol });
      const [ok, failed, length] = await client.executeAll([set("a", "x"), incr("a"), strlen("a")]);
      assert.deepEqual([ok, length], ["OK", 1]);
      assert.ok(failed instanceof ReplyError);
      assert.deepEqual(await client.executeAll([]), []);
    });

    it("has the methods of all commands where they are asked for", async () => {
      await using client = await connect(server.url, { protocol });
      const redis = withMethods(client);
      assert.equal(await redis.set("m", "1", { ex: 60 }), "OK");
      assert.deepEqual(await Promise.all([redis.incr("m"), redis.get("m"), redis.hset("h", { a: 1 })]), [
        2,
        "2",
        1,
      ]);
      assert.deepEqual(await redis.hgetall("h"), { a: "1" });
      await assert.rejects(redis.blpop("list", 1), { code: "UNFIT", executed: "no" });
      // @ts-expect-error a method takes the arguments of its command
      await assert.rejects(async () => await redis.get("m", "n"), TypeError);
    });

    it("refuses what blocks or changes the state of the connection", async () => {
      await using client = await connect(server.url, { protocol });
      await assert.rejects(client.execute(blpop("list", 1)), { code: "UNFIT", executed: "no" });
      await assert.rejects(client.execute(select(1)), { code: "UNFIT" });
    });

    it("logs in and selects as the URL says", async () => {
      const url = `redis://bob:p%2540w@${server.host}:${server.port}/3`;
      await using client = await connect(url, { protocol });
      await client.execute(set("in", "db3"));
      await using other = await connect(`unix://${server.path}`, { protocol, db: 3 });
      assert.equal(await other.execute(get("in")), "db3");
      await assert.rejects(connect(url, { protocol, password: "wrong" }), AuthenticationError);
      await assert.rejects(connect("http://localhost"), TypeError);
      await assert.rejects(connect(`${server.url}/0?db=1`), TypeError);
    });

    it("says what may have run after a loss, and connects anew for the next command", async () => {
      await using proxy = await startProxy(server);
      await using client = await connect(proxy.url, { protocol });
      await client.execute(set("n", 0));
      proxy.last.freeze("toClient");
      const lost = client.execute(incr("n"));
      proxy.last.kill("reset");
      await assert.rejects(lost, { name: "ConnectionError", executed: "unknown" });
      assert.equal(await client.execute(ping()), "PONG");
      assert.equal(proxy.stats.connections, 2);
      proxy.refuse();
      proxy.killAll();
      await Promise.all(proxy.connections.map(({ closed }) => closed));
      await assert.rejects(client.execute(ping()), { name: "ConnectionError" });
      await proxy.accept();
      assert.equal(await client.execute(ping()), "PONG");
    });

    it("lets what is on its way come back before it closes", async () => {
      const client = await connect(server.url, { protocol });
      const replies = Promise.all([client.execute(set("a", 1)), client.execute(incr("a"))]);
      await client.close();
      assert.deepEqual(await replies, ["OK", 2]);
      await assert.rejects(client.execute(ping()), { code: "CLOSED", executed: "no" });
      await client.close();
    });
  });
}

describe("the small client: limits", () => {
  it("gives up a command that is not answered", async () => {
    const peer = new ScriptedPeer({
      script: (command, connection) => command[0] === "INCR" ? undefined : connection.serve(),
    });
    await using client = await connect({ transport: peer.transport(), commandTimeout: 50 });
    await assert.rejects(client.execute(incr("n")), { code: "COMMAND_TIMEOUT", executed: "unknown" });
  });

  it("gives up a handshake that is not answered", async () => {
    const peer = new ScriptedPeer({ script: () => undefined });
    const promise = connect({ transport: peer.transport(), connectTimeout: 50 });
    await assert.rejects(promise, { code: "CONNECT_TIMEOUT", executed: "no" });
    await peer.whenOpen(0);
  });
});

describe("the small client: options", () => {
  const refusals: readonly [what: string, Parameters<typeof connect>, RegExp][] = [
    ...["/2/", "/2x", "/abc", "/1e1", "/-1", "/0x1", "/2#x", "/02", "/%32", "/0?db=1"].map((
      path,
    ): [string, Parameters<typeof connect>, RegExp] => [
      `the URL path ${path}`,
      [`redis://localhost${path}`],
      /URL/,
    ]),
    ["a scheme that does not exist", ["unixs:///run/redis.sock"], /URL/],
    ["an unknown option", [{ pooling: 1 } as never], /`pooling`: there are host, /],
    ["an unknown option beside a URL", ["redis://localhost", { poolSize: 1 } as never], /`poolSize`/],
    ["tls with path", [{ path: "/run/redis.sock", tls: true }], /`path` and `tls`/],
    ["tls with the path of a URL", ["unix:///run/redis.sock", { tls: {} }], /`path` and `tls`/],
    ["port with path", [{ path: "/run/redis.sock", port: 1 }], /`path` and `port`/],
  ];
  for (const [what, given, message] of refusals) {
    it(`refuses ${what}, as Redis does`, async () => {
      await assert.rejects(
        connect(...given),
        (error) => error instanceof TypeError && message.test(error.message),
      );
      assert.throws(() => new Redis(...given as [string]), /Cannot/);
    });
  }
});

describe("the small client: close()", () => {
  const held = (): ScriptedPeer =>
    new ScriptedPeer({ script: ([name], one) => name === "GET" ? undefined : one.serve() });

  it("resolves for every caller", async () => {
    const peer = held();
    const client = await connect({ transport: peer.transport() });
    const value = client.execute(get("k"));
    await peer.whenReceived("GET");
    const closes = [client.close(), client.close(), client[Symbol.asyncDispose]()];
    peer.connections[0]!.send(null);
    assert.equal(await value, null);
    await Promise.all([...closes, client.close()]);
  });

  it("ends though a server is frozen and commands have no limit", async () => {
    const clock = new SimulatedClock();
    const client = await connect({ transport: held().transport({ clock }), clock, commandTimeout: 0 });
    const lost = assert.rejects(client.execute(get("k")), { code: "CLOSED", executed: "unknown" });
    const closes = [client.close(), client.close()];
    await clock.advance(5_000);
    await Promise.all([...closes, lost]);
  });

  it("ends while a connection is being made to a server that does not answer", async () => {
    const clock = new SimulatedClock();
    const peer = new ScriptedPeer({ clock });
    const transport = peer.transport({ clock });
    const client = await connect({ transport, clock, connectTimeout: 0, commandTimeout: 0 });
    peer.script = () => undefined;
    peer.connections[0]!.close();
    await clock.advance(0);
    const refused = assert.rejects(client.execute(get("k")), { executed: "no" });
    await clock.advance(0);
    const closes = [client.close(), client.close()];
    await clock.advance(5_000);
    await Promise.all([...closes, refused]);
  });
});
