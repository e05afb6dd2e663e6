/** Credentials: ACL users, providers that the client calls at every connect, and providers that stream. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  AuthenticationError,
  ConnectionError,
  ConnectionPool,
  type Credentials,
  Redis,
  type RedisError,
  type StreamingCredentialProvider,
} from "../../mod.ts";
import { type Server, startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";
import { Outcome, Simulated } from "./simulated.ts";

let server: Server;
before(async () => {
  server = await startServer({
    acl: [
      "user alice on >old ~* &* +@all",
      "user bob on >new ~* &* +@all",
      "user free on nopass ~* &* +@all",
    ],
  });
});
after(() => server.stop());

const at = () => ({ host: server.host, port: server.port });

/** The users of the connections that have this name. */
async function users(name: string): Promise<string[]> {
  const list = String(await server.cli("CLIENT", "LIST")).split("\n");
  return list.filter((line) => line.includes(` name=${name} `)).map((line) => / user=(\S*)/.exec(line)![1]!);
}

/** A provider whose tokens come when a test says so. */
class Stream implements StreamingCredentialProvider {
  asked = 0;
  readonly listeners: Set<(credentials: Credentials) => void> = new Set();
  now: Credentials;
  constructor(now: Credentials = { username: "alice", password: "old" }) {
    this.now = now;
  }
  get(): Promise<Credentials> {
    this.asked++;
    return Promise.resolve(this.now);
  }
  subscribe(listener: (credentials: Credentials) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  renew(credentials: Credentials): void {
    this.now = credentials;
    for (const listener of this.listeners) listener(credentials);
  }
}

const BOB = { username: "bob", password: "new" };

describe("an ACL user", () => {
  it("logs in by name and password, from an object and from a URL", async () => {
    for (
      const redis of [
        new Redis({ ...at(), username: "alice", password: "old" }),
        new Redis(`redis://alice:old@${server.host}:${server.port}`),
        new Redis({ ...at(), username: "alice", password: "old", protocol: 2 }),
      ]
    ) {
      assert.equal(await redis.command("ACL", "WHOAMI"), "alice");
      await redis.close();
    }
  });

  it("without a password logs in with an empty one", async () => {
    await using redis = new Redis({ ...at(), username: "free" });
    assert.equal(await redis.command("ACL", "WHOAMI"), "free");
  });

  for (const protocol of [undefined, 2, 3] as const) {
    it(`with a wrong password is an AuthenticationError, at once (protocol: ${protocol})`, async () => {
      await using redis = new Redis({ ...at(), username: "alice", password: "s3cr3t", protocol });
      const check = (error: RedisError): boolean => {
        assert.ok(error instanceof AuthenticationError, String(error));
        assert.equal(error.executed, "no");
        assert.match(error.message, /refused the credentials \(WRONGPASS\)/);
        assert.ok(!JSON.stringify([error.message, error.stack, String(error.cause)]).includes("s3cr3t"));
        return true;
      };
      await assert.rejects(redis.connect(), check);
      await assert.rejects(redis.get("k"), check);
      await assert.rejects(redis.pool.acquire(), check);
    });
  }

  it("with a wrong password is not tried again", async () => {
    const simulated = new Simulated({ password: "right" });
    await using redis = new Redis(simulated.options({ password: "wrong", retry: { attempts: 5 } }));
    await assert.rejects(redis.get("k"), AuthenticationError);
    await assert.rejects(redis.pool.acquire(), AuthenticationError);
    assert.equal(simulated.peer.connections.length, 2);
    assert.equal(simulated.clock.pendingTimers, 0);
  });
});

describe("credentials: () => Credentials", () => {
  it("is asked at every connect", async () => {
    let asked = 0;
    await using pool = new ConnectionPool({
      ...at(),
      credentials: () => ++asked % 2 === 0 ? Promise.resolve(BOB) : { username: "alice", password: "old" },
    });
    using first = await pool.acquire();
    using second = await pool.acquire();
    assert.deepEqual(
      [await first.send(["ACL", "WHOAMI"]), await second.send(["ACL", "WHOAMI"])],
      ["alice", "bob"],
    );
    pool.disconnect();
    using third = await pool.acquire();
    assert.equal(await third.send(["ACL", "WHOAMI"]), "alice");
    assert.equal(asked, 3);
  });

  it("that fails, or gives something else, says so to the caller", async () => {
    const own = new Error("the vault is sealed");
    const sealed = (): never => {
      throw own;
    };
    for (
      const credentials of [
        sealed,
        () => Promise.reject(own),
        { get: () => Promise.reject(own), subscribe: () => () => {} },
        { get: () => Promise.resolve(BOB), subscribe: sealed },
      ]
    ) {
      await using redis = new Redis({ ...at(), credentials, retry: false });
      const check = (error: RedisError): boolean => {
        assert.ok(error instanceof ConnectionError);
        assert.deepEqual([error.code, error.executed, error.cause], ["CREDENTIALS", "no", own]);
        return /`credentials` failed/.test(error.message) && !error.message.includes("vault");
      };
      await assert.rejects(redis.connect(), check);
      await assert.rejects(redis.pool.acquire(), check);
    }
    await using other = new Redis({ ...at(), credentials: () => undefined as never });
    await assert.rejects(other.get("k"), /`credentials` gave something else/);
  });

  it("that fails is asked again as a server that is away is, and commands wait meanwhile", async () => {
    let asked = 0;
    const listeners = new Set<unknown>();
    const provider: StreamingCredentialProvider = {
      get: () => ++asked % 3 === 0 ? Promise.resolve(BOB) : Promise.reject(new Error("not now")),
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const soon = { backoff: "constant:1" };
    await using redis = new Redis({ ...at(), credentials: provider, reconnect: soon, retry: soon });
    assert.equal(await redis.command("ACL", "WHOAMI"), "bob");
    using connection = await redis.pool.acquire();
    assert.equal(await connection.send(["ACL", "WHOAMI"]), "bob");
    assert.deepEqual([asked, listeners.size], [6, 2]);
  });
});

describe("a server that forgets who is logged in", () => {
  const soon = { backoff: "constant:1" };

  it("is told again over a new connection, by the next command", async () => {
    const simulated = new Simulated({ password: "right" });
    await using redis = new Redis(simulated.options({ password: "right", reconnect: soon }));
    await redis.set("k", "v");
    simulated.peer.last.session.user = undefined;
    const both = [redis.get("k"), redis.get("k")];
    for (const one of both) await assert.rejects(one, { code: "NOAUTH", executed: "no" });
    const next = redis.get("k");
    await simulated.clock.advance(1);
    assert.equal(await next, "v");
    assert.equal(redis.pool.stats().opened, 2);
  });

  it("is told again by whoever leases next; who has said RESET may log in himself", async () => {
    const simulated = new Simulated({ password: "right" });
    await using own = new ConnectionPool(simulated.options({ password: "right" }));
    const forgotten = await own.acquire();
    simulated.peer.last.session.user = undefined;
    await assert.rejects(forgotten.send(["GET", "k"]), { code: "NOAUTH" });
    assert.equal(forgotten.state, "closed");
    assert.ok(forgotten.cause instanceof AuthenticationError);
    own.release(forgotten);
    const reset = await own.acquire();
    await reset.send(["RESET"]);
    await assert.rejects(reset.send(["GET", "k"]), { code: "NOAUTH" });
    await reset.send(["AUTH", "right"]);
    assert.equal(await reset.send(["GET", "k"]), null);
    own.release(reset);
    assert.equal(own.stats().idle, 0);
  });

  it("that wants somebody to log in where nobody can, is not connected to again and again", async () => {
    const simulated = new Simulated({ password: "right" });
    await using redis = new Redis(simulated.options({ protocol: 2, reconnect: soon }));
    for (let time = 0; time < 3; time++) await assert.rejects(redis.get("k"), { code: "NOAUTH" });
    assert.equal(simulated.peer.connections.length, 1);
  });
});

describe("a streaming provider", () => {
  async function pool(name: string, stream: Stream, over: object = {}): Promise<ConnectionPool> {
    return await Promise.resolve(
      new ConnectionPool({ ...at(), clientName: name, credentials: stream, ...over }),
    );
  }
  const all = (name: string, want: string[]) =>
    waitFor(`${name} to be ${want}`, async () => {
      const are = await users(name);
      return String(are) === String(want) ? undefined : `they are ${are}`;
    }, 5_000);

  it("logs idle and leased connections in again at once, and they stay what they are", async () => {
    const stream = new Stream();
    await using own = await pool("idle", stream);
    const [a, b] = [await own.acquire(), await own.acquire()];
    own.release(a);
    assert.deepEqual(await users("idle"), ["alice", "alice"]);
    stream.renew(BOB);
    await all("idle", ["bob", "bob"]);
    own.release(b);
    assert.deepEqual([own.stats().opened, own.stats().idle], [2, 2]);
    assert.equal(stream.asked, 2);
  });

  it("logs the shared connection in between commands, and none of them fails", async () => {
    const stream = new Stream();
    await using redis = new Redis({ ...at(), clientName: "shared", credentials: stream });
    const replies: unknown[] = [];
    const push = (reply: unknown) => replies.push(reply);
    const calls = [redis.command("ACL", "WHOAMI").then(push)];
    await redis.connect();
    calls.push(redis.command("ACL", "WHOAMI").then(push));
    stream.renew(BOB);
    calls.push(redis.command("ACL", "WHOAMI").then(push));
    await Promise.all(calls);
    assert.deepEqual(replies, ["alice", "alice", "bob"]);
    assert.equal(redis.pool.stats().opened, 1);
  });

  it("waits for a command that blocks, and for the end of a transaction", async () => {
    const stream = new Stream();
    await using own = await pool("busy", stream);
    await using redis = new Redis({ pool: own });
    const popped = redis.blpop("queue", 0);
    await waitFor(
      "BLPOP",
      async () =>
        String(await server.cli("INFO", "clients")).includes("blocked_clients:1") ? undefined : "not yet",
    );
    using transaction = await own.acquire();
    await transaction.send(["MULTI"]);
    await transaction.send(["SET", "tx", "1"]);
    stream.renew(BOB);
    assert.equal(await transaction.send(["GET", "tx"]), "QUEUED");
    assert.deepEqual(await users("busy"), ["alice", "alice"]);
    assert.deepEqual(await transaction.send(["EXEC"]), ["OK", "1"]);
    await server.cli("RPUSH", "queue", "job");
    assert.deepEqual(await popped, ["queue", "job"]);
    await all("busy", ["bob", "bob"]);
    assert.equal(own.stats().opened, 2);
  });

  it("logs subscribed connections in, with RESP2 when they have unsubscribed", async () => {
    for (const protocol of [3, 2] as const) {
      const name = `subscribed${protocol}`;
      const stream = new Stream();
      await using own = await pool(name, stream, { protocol });
      using connection = await own.acquire();
      await connection.send(["SUBSCRIBE", "news"]);
      stream.renew(BOB);
      if (protocol === 2) {
        assert.deepEqual(await users(name), ["alice"]);
        const pong = connection.send(["PING"]);
        await pong;
        await connection.send(["UNSUBSCRIBE", "news"]);
        await connection.send(["PING"]);
      }
      await all(name, ["bob"]);
    }
  });

  it("a token that is refused later replaces the connection, and what is on its way comes back", async () => {
    const stream = new Stream();
    await using redis = new Redis({ ...at(), clientName: "refused", credentials: stream });
    await redis.set("k", "v");
    stream.renew({ username: "alice", password: "revoked" });
    stream.now = BOB;
    const replies = await Promise.all([redis.get("k"), redis.get("k")]);
    assert.deepEqual(replies, ["v", "v"]);
    await all("refused", ["bob"]);
    // The server knows of it before the last reply of its handshake is read.
    await waitFor("the new connection to be counted", () => {
      const { opened } = redis.pool.stats();
      return Promise.resolve(opened === 2 ? undefined : `${opened} were opened`);
    });
  });

  it("is listened to by each connection as long as it lives", async () => {
    const stream = new Stream();
    const own = await pool("listening", stream);
    const [a, b] = [await own.acquire(), await own.acquire()];
    assert.equal(stream.listeners.size, 2);
    a.disconnect();
    assert.equal(stream.listeners.size, 1);
    own.release(a);
    own.release(b);
    await own.close();
    assert.equal(stream.listeners.size, 0);
  });

  it("whose token comes during the handshake logs in again right after it", async () => {
    const stream = new Stream({ username: "alice", password: "old" });
    const simulated = new Simulated({ password: "x", users: { alice: "old", bob: "new" } });
    const serve = simulated.peer.script;
    simulated.peer.script = (command, connection) => {
      if (command[0] === "HELLO") stream.renew(BOB);
      return serve(command, connection);
    };
    await using own = new ConnectionPool(simulated.options({ credentials: stream }));
    using _connection = await own.acquire();
    await simulated.clock.settle();
    assert.deepEqual(simulated.peer.last.received.map(([name]) => name), ["HELLO", "AUTH"]);
    assert.equal(simulated.peer.last.session.user, "bob");
    const acquired = new Outcome(own.acquire());
    await simulated.clock.settle();
    assert.equal(acquired.state, "resolved");
    acquired.value![Symbol.dispose]();
  });
});
