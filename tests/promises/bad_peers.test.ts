/**
 * Peers that send invalid RESP, another protocol, slow replies or none: a ProtocolError or a deadline, in
 * bounded memory.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { ConnectionError, ProtocolError, Redis, RedisError, TimeoutError } from "../../mod.ts";
import { ErrorReply, Raw } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { closeClean, Follower, settleAll, stage } from "./support.ts";

/** The peer's replies to GET, and the expected error messages. */
const REPLIES: Readonly<Record<string, readonly [reply: string, message: RegExp]>> = {
  "a negative length": ["$-2\r\n", /"\$-2" is not a length/],
  "a length that is no number": ["$1e3\r\n", /\$1e3/],
  "a length with a leading space": ["$ 3\r\nabc\r\n", /\$ 3/],
  "a length beyond 64 bits": ["$99999999999999999999\r\n", /99999999999999999999|announced/],
  "an array of a negative length": ["*-5\r\n", /"\*-5" is not a length/],
  "an unknown type": ["?what\r\n", /"\?what" does not start a RESP value/],
  "a NUL byte": ["\0\r\n", /\\x00/],
  "a bulk string that goes on": ["$3\r\nabcdef\r\n", /does not end with CRLF/],
  "an integer that is none": [":12a\r\n", /:12a/],
  "a double that is none": [",1.2.3\r\n", /1\.2\.3/],
  "a boolean that is none": ["#x\r\n", /#x/],
  "a null with something in it": ["_x\r\n", /_x/],
  "a push within a push": [">2\r\n+a\r\n>1\r\n+b\r\n", /push/],
  "a map nested too deep": ["%1\r\n+k\r\n".repeat(1_000) + "+v\r\n", /nest|deep/],
  "attributes nested too deep": ["|1\r\n".repeat(10_000), /nest|deep|attribute/i],
  "a line without end": ["+" + "x".repeat(1_100_000), /maxLineLength/],
  "HTTP": ["HTTP/1.1 400 Bad Request\r\n\r\n", /HTTP/],
  "a TLS alert": ["\x15\x03\x01\x00\x02\x02\x0a", /TLS/],
  "SSH": ["SSH-2.0-OpenSSH_9.2\r\n", /SSH-2\.0/],
};

describe("a reply that is not RESP", () => {
  for (const [name, [reply, message]] of Object.entries(REPLIES)) {
    for (const chunkSize of [65_536, 7]) {
      it(`${name}, in chunks of ${chunkSize}`, async () => {
        const latin1 = Uint8Array.from(reply, (character) => character.charCodeAt(0));
        let bad = true;
        const set = stage({ retry: false }, {
          script: ([command], connection) => {
            if (command !== "GET" || !bad) return connection.serve();
            bad = false;
            return new Raw(latin1);
          },
        }, { chunkSize });
        const { clock, redis } = set;
        const calls = [redis.get("k"), redis.incr("behind")].map((call) => new Follower(call));
        for (const outcome of await settleAll(clock, calls)) {
          assert.ok("error" in outcome && outcome.error instanceof ProtocolError, JSON.stringify(outcome));
          assert.equal(outcome.error.executed, "unknown");
          assert.match(outcome.error.message, message);
          assert.ok(outcome.error.message.length < 400, "the error quotes too much");
        }
        const next = new Follower(redis.echo("next"));
        assert.deepEqual(await settleAll(clock, [next]), [{ value: "next" }]);
        await closeClean(set);
      });
    }
  }
});

describe("a peer that talks by itself", () => {
  for (
    const [name, said, message] of [
      ["a string", "hello", /nobody asked for: a bulk string/],
      ["an array", ["a", "b"], /nobody asked for: an array/],
      ["an error", new ErrorReply("ERR max number of clients reached"), /max number of clients reached/],
    ] as const
  ) {
    it(`${name}: the connection is replaced, the error says what it was`, async () => {
      const set = stage();
      const { clock, peer, redis } = set;
      await settleAll(clock, [new Follower(redis.connect())]);
      const causes: unknown[] = [];
      redis.addEventListener("reconnecting", ({ detail }) => causes.push(detail.cause));
      peer.last.send(said);
      await clock.settle();
      assert.equal(causes.length, 1);
      assert.ok(causes[0] instanceof ProtocolError);
      assert.match(causes[0].message, message);
      const next = new Follower(redis.echo("next"));
      assert.deepEqual(await settleAll(clock, [next]), [{ value: "next" }]);
      await closeClean(set);
    });
  }

  it("two replies to one command are never given to two commands", async () => {
    let twice = true;
    const set = stage({ retry: false }, {
      script: ([command], connection) => {
        if (command !== "GET" || !twice) return connection.serve();
        twice = false;
        return new Raw("$5\r\nfirst\r\n$6\r\nsecond\r\n");
      },
    });
    const { clock, redis } = set;
    assert.deepEqual(await settleAll(clock, [new Follower(redis.get("k"))]), [{ value: "first" }]);
    assert.deepEqual(await settleAll(clock, [new Follower(redis.echo("mine"))]), [{ value: "mine" }]);
    await closeClean(set);
  });

  it("pushes of kinds that nobody knows are dropped, a million of them, too", async () => {
    const set = stage();
    const { clock, peer, redis } = set;
    await settleAll(clock, [new Follower(redis.connect())]);
    const many = new Raw(">2\r\n+strange\r\n+x\r\n".repeat(1_000));
    for (let count = 0; count < 1_000; count++) peer.last.send(many);
    const next = new Follower(redis.echo("next"));
    assert.deepEqual(await settleAll(clock, [next]), [{ value: "next" }]);
    await closeClean(set);
  });
});

describe("a peer that is slow or gone", () => {
  it("closes after HELLO: commands wait up to their deadline, with the reason", async () => {
    const set = stage({ commandTimeout: 1_000 }, {
      script: (_, connection) => {
        connection.close();
        return undefined;
      },
    });
    const [outcome] = await settleAll(set.clock, [new Follower(set.redis.incr("k"))]);
    const { error } = outcome as { error: TimeoutError };
    assert.ok(error instanceof TimeoutError);
    assert.equal(error.executed, "no");
    assert.ok(error.cause instanceof ConnectionError);
    assert.match(error.message, /Cannot connect to .*: the server closed it/);
    await closeClean(set);
  });

  it("answers HELLO and closes at once, each time: nothing comes up half dead", async () => {
    const set = stage({ commandTimeout: 1_000 }, {
      script: ([name], connection) => {
        const answer = connection.serve();
        if (name === "HELLO") queueMicrotask(() => connection.close());
        return answer;
      },
    });
    const all = [set.redis.incr("k"), set.redis.blpop("list", 0.1)].map((one) => new Follower(one));
    for (const outcome of await settleAll(set.clock, all)) {
      assert.ok("error" in outcome && outcome.error instanceof RedisError);
      assert.equal(outcome.error.executed, "no", String(outcome.error));
    }
    await closeClean(set);
  });

  it("never answers: connecting ends by connectTimeout, commands by their deadline", async () => {
    const set = stage({ connectTimeout: 500, commandTimeout: 1_200 }, { script: () => undefined });
    const { clock, redis } = set;
    const connecting = new Follower(redis.pool.acquire());
    const command = new Follower(redis.incr("k"));
    await clock.advance(1_300);
    const { error } = command.outcome as { error: TimeoutError };
    assert.equal(error.code, "COMMAND_TIMEOUT");
    assert.equal(error.executed, "no");
    await settleAll(clock, [connecting]);
    assert.equal((connecting.outcome as { error: TimeoutError }).error.code, "CONNECT_TIMEOUT");
    await closeClean(set);
  });

  it("says a byte a second: each command ends by its deadline, and the connection is replaced", async () => {
    const set = stage({ commandTimeout: 5_000, retry: false }, {
      script: ([name], connection) => {
        if (name !== "GET") return connection.serve();
        const drip = (): void => {
          if (connection.closed) return;
          connection.send(new Raw("x"));
          set.clock.setTimeout(drip, 1_000);
        };
        connection.send(new Raw("$1000\r\n"));
        drip();
        return undefined;
      },
    });
    const { clock, peer, redis } = set;
    await settleAll(clock, [new Follower(redis.connect())]);
    const started = clock.now();
    const slow = new Follower(redis.get("k"));
    const [outcome] = await settleAll(clock, [slow]);
    assert.equal((outcome as { error: TimeoutError }).error.executed, "unknown");
    assert.ok(clock.now() - started <= 5_500);
    const behind = new Follower(redis.echo("behind"));
    await clock.advance(6_000);
    assert.equal(peer.connections.length, 2, "the connection was not replaced");
    await settleAll(clock, [behind, new Follower(redis.echo("next"))]);
    await closeClean(set);
  });

  it("vanishes while idle: the health check notices, and nobody else has to", async () => {
    for (const commandTimeout of [5_000, 0]) {
      const set = stage({ healthCheckInterval: 30_000, commandTimeout });
      const { clock, peer, redis } = set;
      await settleAll(clock, [new Follower(redis.connect())]);
      peer.last.vanish();
      await clock.advance(40_000);
      assert.equal(peer.connections.length, 2, "the dead connection was not noticed");
      assert.deepEqual(await settleAll(clock, [new Follower(redis.echo("a"))]), [{ value: "a" }]);
      await closeClean(set);
    }
  });

  it("was not dead where the process was asleep: replies that lie unread are let in first", async () => {
    const set = stage({ commandTimeout: 1_000 });
    const { clock, peer, redis } = set;
    await settleAll(clock, [new Follower(redis.connect())]);
    peer.last.freeze("toClient");
    const call = new Follower(redis.echo("a"));
    await clock.settle();
    // The clock jumps, as it does when a process was stopped: the timer fires long after its time.
    clock.jump(60_000);
    peer.last.thaw();
    await clock.settle();
    await clock.advance(1);
    assert.deepEqual(call.outcome, { value: "a" });
    await closeClean(set);
  });
});

describe("TLS and plain TCP at each other's port", () => {
  let server: Server;
  before(async () => {
    server = await startServer({ tls: true });
  });
  after(() => server.stop());

  it("plain to a TLS port: a ProtocolError or the end, and no hang", async () => {
    await using redis = new Redis({ host: "127.0.0.1", port: server.tlsPort!, commandTimeout: 500 });
    const error = await redis.get("k").then(() => assert.fail(), (reason: RedisError) => reason);
    assert.ok(error instanceof RedisError);
    assert.equal(error.executed, "no");
    assert.match(error.message, /TLS|closed|lost/);
  });

  it("TLS to a plain port: the server waits for more, and the error asks the right question", async () => {
    const options = {
      host: "127.0.0.1",
      port: server.port,
      tls: true,
      connectTimeout: 300,
      retry: false,
    } as const;
    await using redis = new Redis(options);
    const error = await redis.connect().then(() => assert.fail(), (reason: RedisError) => reason);
    assert.ok(error instanceof RedisError);
    assert.equal(error.executed, "no");
    assert.match(error.message, /TLS/);
  });
});

describe("memory", () => {
  it("is not taken before bytes come: lengths of 500 MB, announced on a hundred connections", async () => {
    const listener = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", () => socket.write("*1\r\n$524288000\r\nx"));
    });
    const port = await new Promise<number>((resolve) =>
      listener.listen(0, "127.0.0.1", () => resolve((listener.address() as { port: number }).port))
    );
    const before = process.memoryUsage().rss;
    const options = { host: "127.0.0.1", port, protocol: 2, libName: false } as const;
    await using redis = new Redis({ ...options, multiplex: false, commandTimeout: 300 });
    await Promise.allSettled(Array.from({ length: 100 }, () => redis.get("k")));
    const grown = (process.memoryUsage().rss - before) / 1_048_576;
    await redis.close();
    listener.close();
    assert.ok(grown < 200, `the process grew by ${Math.round(grown)} MB`);
  });
});
