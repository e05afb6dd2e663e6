/** `Connection.connect()` retries as its option `retry` says; a pool, which retries by itself, connects once a try. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  AuthenticationError,
  Connection,
  type ConnectionOptions,
  ConnectionPool,
  type Credentials,
  type StreamingCredentialProvider,
  type Transport,
} from "../../mod.ts";
import { runtimeTransport } from "../../transports/runtime.ts";
import { Raw } from "../harness/resp.ts";
import type { ScriptedPeerOptions } from "../harness/scripted_peer.ts";
import { startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";
import { Outcome, Simulated } from "./simulated.ts";

const never = new Promise<never>(() => {});
const RETRY = { attempts: 2, backoff: "constant:100" } as const;

function make(peer: ScriptedPeerOptions = {}, over: ConnectionOptions = {}): {
  simulated: Simulated;
  connection: Connection;
} {
  const simulated = new Simulated(peer);
  const options = { connectTimeout: 1_000, retry: RETRY, ...over };
  return { simulated, connection: new Connection(simulated.options(options)) };
}

/** Ways in which a try fails; `takes` milliseconds pass until it has. */
const FAULTS: Record<string, { takes: number; fault: (simulated: Simulated) => void }> = {
  "a peer that refuses": {
    takes: 0,
    fault: ({ peer }) =>
      peer.onConnection = () => {
        throw new Error("refused");
      },
  },
  "a peer that closes before it replies": {
    takes: 0,
    fault: ({ peer }) => peer.onConnection = (connection) => void connection.close(),
  },
  "a peer that closes within its reply": {
    takes: 0,
    fault: ({ peer }) =>
      peer.script = (_, connection) => {
        connection.send(new Raw("%1\r\n$5\r\npro"));
        void connection.close();
        return undefined;
      },
  },
  "a peer that accepts and says nothing": {
    takes: 1_000,
    fault: ({ peer }) => peer.script = () => undefined,
  },
  "a peer that stops within its reply": {
    takes: 1_000,
    fault: ({ peer }) => peer.script = () => new Raw("%1\r\n$5\r\npro"),
  },
  "a network that drops all packets": { takes: 1_000, fault: ({ peer }) => peer.onConnection = () => never },
  "a server that is loading": {
    takes: 0,
    fault: ({ peer }) => peer.script = () => new Raw("-LOADING Redis is loading the dataset in memory\r\n"),
  },
  "a server that has too many clients": {
    takes: 0,
    fault: ({ peer }) =>
      peer.onConnection = (connection) => {
        connection.send(new Raw("-ERR max number of clients reached\r\n"));
        void connection.close();
      },
  },
};

describe("Connection.connect()", () => {
  for (const [name, { takes, fault }] of Object.entries(FAULTS)) {
    it(`retries after ${name}, and is ready when a try succeeds`, async () => {
      const { simulated, connection } = make();
      const { script, onConnection } = simulated.peer;
      fault(simulated);
      const ended: unknown[] = [];
      connection.listen({ closed: (cause) => ended.push(cause) });
      const connecting = new Outcome(connection.connect());
      await simulated.clock.advance(takes + 99);
      assert.equal(connecting.state, "pending");
      Object.assign(simulated.peer, { script, onConnection });
      await simulated.clock.advance(1);
      assert.equal(connecting.state, "resolved", String(connecting.error));
      assert.equal(connection.state, "ready");
      assert.equal(simulated.peer.open.length, 1, "a failed try leaves no socket open");
      assert.deepEqual(ended, []);
      assert.equal(connection.pending, 0);
      assert.equal(await connection.send(["SET", "k", "v"]), "OK");
      assert.equal(await connection.send(["GET", "k"]), "v");
      await connection.close();
      assert.equal(simulated.clock.pendingTimers, 0);
    });

    it(`ends after the last retry after ${name}, with all errors as causes`, async () => {
      const { simulated, connection } = make();
      fault(simulated);
      const ended: unknown[] = [];
      connection.listen({ closed: (cause) => ended.push(cause) });
      const connecting = new Outcome(connection.connect());
      const total = 3 * takes + 200;
      await simulated.clock.advance(total - 1);
      assert.equal(connecting.state, "pending");
      await simulated.clock.advance(1);
      assert.equal(connecting.state, "rejected");
      assert.equal(connecting.error.executed, "no");
      assert.match(connecting.error.message, /^Cannot connect to .*the last of 3 tries/);
      assert.equal(connecting.error.cause.errors.length, 3);
      assert.equal(connection.state, "closed");
      assert.deepEqual(ended, [connecting.error]);
      assert.equal(simulated.peer.open.length, 0);
      assert.equal(simulated.clock.pendingTimers, 0);
      await connection.closed;
    });
  }

  for (
    const over of [{ retry: false }, { retry: { attempts: 0 } }, {
      retry: { attempts: 5, on: ["LOADING"] },
    }] as ConnectionOptions[]
  ) {
    it(`tries once with ${JSON.stringify(over)}`, async () => {
      const { simulated, connection } = make({ script: () => undefined }, over);
      const connecting = new Outcome(connection.connect());
      await simulated.clock.advance(1_000);
      assert.equal(connecting.verdict, "TimeoutError CONNECT_TIMEOUT no");
      assert.equal(simulated.peer.connections.length, 1);
      assert.equal(simulated.clock.pendingTimers, 0);
    });
  }

  it("tries once with connect({ retry: false })", async () => {
    const { simulated, connection } = make({ script: () => undefined });
    const connecting = new Outcome(connection.connect({ retry: false }));
    await simulated.clock.advance(1_000);
    assert.equal(connecting.verdict, "TimeoutError CONNECT_TIMEOUT no");
    assert.equal(simulated.peer.connections.length, 1);
  });

  it("does not retry refused credentials", async () => {
    const { simulated, connection } = make({ password: "right" }, { password: "wrong" });
    await assert.rejects(connection.connect(), AuthenticationError);
    assert.equal(simulated.peer.connections.length, 1);
  });

  for (
    const { phase, after, peer } of [
      { phase: "the first try", after: 500, peer: { script: () => undefined } },
      { phase: "a delay", after: 1_050, peer: { script: () => undefined } },
      { phase: "the second try", after: 1_500, peer: { onConnection: () => never } },
    ]
  ) {
    it(`ends with the signal's reason during ${phase}`, async () => {
      const { simulated, connection } = make(peer);
      const controller = new AbortController();
      const connecting = new Outcome(connection.connect({ signal: controller.signal }));
      await simulated.clock.advance(after);
      const reason = new Error("changed my mind");
      controller.abort(reason);
      await simulated.clock.settle();
      assert.equal(connecting.error, reason);
      assert.equal(connection.state, "closed");
      assert.equal(simulated.clock.pendingTimers, 0);
      assert.equal(simulated.peer.open.length, 0);
    });

    it(`ends by disconnect() and close() during ${phase}`, async () => {
      for (const end of ["disconnect", "close"] as const) {
        const { simulated, connection } = make(peer);
        const connecting = new Outcome(connection.connect());
        await simulated.clock.advance(after);
        connection[end]();
        await simulated.clock.settle();
        assert.equal(connecting.verdict, "ConnectionError CLOSED no");
        assert.equal(simulated.clock.pendingTimers, 0);
        assert.equal(simulated.peer.open.length, 0);
        await connection.closed;
      }
    });
  }

  it("makes no try with a signal that is aborted before", async () => {
    const { simulated, connection } = make();
    const reason = new Error("too late");
    await assert.rejects(connection.connect({ signal: AbortSignal.abort(reason) }), reason);
    assert.equal(simulated.peer.connections.length, 0);
  });

  it("subscribes to a streaming provider once, and logs in with its newest credentials", async () => {
    const users = { alice: "old", bob: "new" };
    const listeners: ((credentials: Credentials) => void)[] = [];
    const asked: ((credentials: Credentials) => void)[] = [];
    let unsubscribed = 0;
    const credentials: StreamingCredentialProvider = {
      get: () => new Promise((resolve) => asked.push(resolve)),
      subscribe: (listener) => {
        listeners.push(listener);
        return () => unsubscribed++;
      },
    };
    const { simulated, connection } = make({ password: "x", users }, { credentials });
    const connecting = new Outcome(connection.connect());
    await simulated.clock.advance(1_100);
    assert.equal(asked.length, 2);
    const [alice, bob] = [{ username: "alice", password: "old" }, { username: "bob", password: "new" }];
    asked[1]!(bob);
    await simulated.clock.settle();
    assert.equal(connecting.state, "resolved");
    assert.equal(simulated.peer.last.session.user, "bob");
    // The answer to the first try comes too late to be taken for the credentials in use.
    asked[0]!(alice);
    await simulated.clock.settle();
    listeners[0]!(alice);
    await simulated.clock.settle();
    assert.equal(simulated.peer.last.session.user, "alice");
    assert.deepEqual([listeners.length, unsubscribed], [1, 0]);
    connection.disconnect();
    assert.equal(unsubscribed, 1);
  });

  it("subscribes again if the provider could not be subscribed to", async () => {
    let subscribed = 0;
    const credentials: StreamingCredentialProvider = {
      get: () => Promise.resolve({ password: "right" }),
      subscribe: () => {
        if (++subscribed === 1) throw new Error("not yet");
        return () => {};
      },
    };
    const { simulated, connection } = make({ password: "right" }, { credentials });
    const connecting = new Outcome(connection.connect());
    await simulated.clock.advance(100);
    assert.equal(connecting.state, "resolved");
    assert.equal(subscribed, 2);
    connection.disconnect();
  });
});

it("a pool tries as often as `retry` says, not the square of that", async () => {
  const simulated = new Simulated({ script: () => undefined });
  await using pool = new ConnectionPool(simulated.options({ connectTimeout: 1_000, retry: RETRY }));
  const acquired = new Outcome(pool.acquire());
  await simulated.clock.advance(3_200);
  assert.equal(acquired.verdict, "TimeoutError CONNECT_TIMEOUT no");
  assert.equal(simulated.peer.connections.length, 3);
});

describe("over real sockets", () => {
  const retry = { attempts: 2, backoff: "constant:1" } as const;

  it("retries TLS connections whose handshakes the server refuses, and closes them", async () => {
    await using server = await startServer({ tls: true });
    await server.cli("SET", "text", "x");
    const outcomes: string[] = [];
    class Refused extends Connection {
      // The length of a text is refused (WRONGTYPE), the text itself is not.
      protected override setup(): string[][] {
        const name = outcomes.push("try") < 3 ? "LLEN" : "GET";
        return [[name, "text"]];
      }
    }
    const { ca } = server.certificates!;
    const options = { host: "localhost", port: server.tlsPort!, tls: { ca }, clientName: "retrying" };
    const connection = new Refused({ ...options, retry });
    await connection.connect();
    assert.equal(outcomes.length, 3);
    assert.equal(await connection.send(["PING"]), "PONG");
    await waitFor("one connection to be left", async () => {
      const list = String(await server.cli("CLIENT", "LIST"));
      const count = list.split("\n").filter((line) => line.includes(" name=retrying ")).length;
      return count === 1 ? undefined : `there are ${count}`;
    });
    await connection.close();

    outcomes.length = 0;
    const impatient = new Refused({ ...options, retry: { attempts: 1, backoff: "constant:1" } });
    await assert.rejects(impatient.connect(), { code: "HANDSHAKE", executed: "no" });
    assert.equal(outcomes.length, 2);
  });

  it("retries Unix sockets, until a server listens there", async () => {
    await using server = await startServer();
    const folder = await mkdtemp(join(tmpdir(), "keywire-retry-"));
    const path = join(folder, "redis.sock");
    const relays: Socket[] = [];
    const relay = createServer((socket) => {
      const onward = connect(server.port, server.host);
      relays.push(socket, onward);
      for (const one of [socket, onward]) one.on("error", () => {});
      socket.pipe(onward).pipe(socket);
    });
    try {
      let tries = 0;
      const listening = Promise.withResolvers<void>();
      const transport: Transport = {
        name: "counting",
        connect: async (...given) => {
          if (++tries === 3) relay.listen(path, listening.resolve), await listening.promise;
          return await runtimeTransport.connect(...given);
        },
      };
      const connection = new Connection({ path, transport, retry });
      await connection.connect();
      assert.equal(await connection.send(["PING"]), "PONG");
      assert.equal(tries, 3);
      connection.disconnect();
    } finally {
      for (const socket of relays) socket.destroy();
      await new Promise((resolve) => relay.close(resolve));
      await rm(folder, { recursive: true });
    }
  });
});
