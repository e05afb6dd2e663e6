/** Time limits, in simulated time: no call may wait longer than its limit. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  BlockingConnectionPool,
  Connection,
  ConnectionPool,
  Redis,
  type SocketOptions,
  type Transport,
} from "../../mod.ts";
import { Raw } from "../harness/resp.ts";
import { Outcome, Simulated } from "./simulated.ts";

const never = new Promise<never>(() => {});

describe("connectTimeout", () => {
  async function outcome(simulated: Simulated, over: object = {}): Promise<[Outcome<void>, Connection]> {
    const connection = new Connection(simulated.options({ connectTimeout: 1_000, retry: false, ...over }));
    const connecting = new Outcome(connection.connect());
    await simulated.clock.advance(999);
    assert.equal(connecting.state, "pending");
    await simulated.clock.advance(1);
    assert.equal(connecting.verdict, "TimeoutError CONNECT_TIMEOUT no");
    assert.equal(connection.state, "closed");
    assert.equal(simulated.clock.pendingTimers, 0);
    assert.equal(simulated.peer.open.length, 0);
    return [connecting, connection];
  }

  it("covers the time until there is a link", async () => {
    const simulated = new Simulated({ onConnection: () => never });
    const [{ error }] = await outcome(simulated);
    assert.match(error.message, /no connection within 1000 ms/);
  });

  it("covers the credentials that do not come", async () => {
    await outcome(new Simulated(), { credentials: () => never });
  });

  it("covers a peer that accepts and says nothing", async () => {
    const [{ error }] = await outcome(new Simulated({ script: () => undefined }));
    assert.match(error.message, /no reply to the handshake within 1000 ms/);
  });

  it("covers a peer that answers HELLO byte by byte", async () => {
    const simulated: Simulated = new Simulated({
      script: (_, connection) => {
        const reply = "%1\r\n$5\r\nproto\r\n:3\r\n";
        [...reply].forEach((char, at) =>
          simulated.clock.setTimeout(() => connection.send(new Raw(char)), at * 60)
        );
        return undefined;
      },
    });
    const connection = new Connection(simulated.options({ connectTimeout: 1_000, retry: false }));
    const connecting = new Outcome(connection.connect());
    await simulated.clock.advance(1_000);
    assert.equal(connecting.verdict, "TimeoutError CONNECT_TIMEOUT no");
    const patient = new Connection(simulated.options({ connectTimeout: 2_000 }));
    const connected = new Outcome(patient.connect());
    await simulated.clock.advance(2_000);
    assert.equal(connected.state, "resolved");
    patient.disconnect();
  });

  it("holds for each try, retry says how many, and the last error has them all as causes", async () => {
    const simulated = new Simulated({ script: () => undefined });
    await using pool = new ConnectionPool(
      simulated.options({ connectTimeout: 100, retry: { attempts: 2, backoff: "constant:10" } }),
    );
    const told: unknown[] = [];
    pool.addEventListener("connecting", ({ detail }) => told.push(detail.attempt));
    pool.addEventListener("reconnecting", ({ detail }) => told.push([detail.attempt, detail.delay]));
    const acquired = new Outcome(pool.acquire());
    await simulated.clock.advance(319);
    assert.equal(acquired.state, "pending");
    await simulated.clock.advance(1);
    assert.equal(acquired.verdict, "TimeoutError CONNECT_TIMEOUT no");
    assert.match(acquired.error.message, /the last of 3 tries/);
    assert.equal(acquired.error.cause.errors.length, 3);
    assert.deepEqual(told, [1, [2, 10], 2, [3, 10], 3]);
    assert.equal(simulated.clock.pendingTimers, 0);
  });

  it("of one connection holds up nobody else", async () => {
    const simulated = new Simulated();
    let slow = true;
    simulated.peer.onConnection = () => {
      if (!slow) return;
      slow = false;
      return never;
    };
    await using pool = new BlockingConnectionPool(simulated.options({ maxConnections: 2 }));
    const first = new Outcome(pool.acquire());
    const second = await pool.acquire();
    const third = new Outcome(pool.acquire());
    second[Symbol.dispose]();
    await simulated.clock.settle();
    assert.equal(third.state, "resolved");
    assert.equal(first.state, "pending");
    third.value![Symbol.dispose]();
  });
});

describe("commandTimeout", () => {
  it("bounds the wait for a connection that does not come", async () => {
    const simulated = new Simulated({ onConnection: () => never });
    await using redis = new Redis(simulated.options({ commandTimeout: 700, connectTimeout: 100_000 }));
    const got = new Outcome(redis.get("k"));
    await simulated.clock.advance(699);
    assert.equal(got.state, "pending");
    await simulated.clock.advance(1);
    assert.equal(got.verdict, "TimeoutError COMMAND_TIMEOUT no");
  });

  it("bounds the wire, says that the command may have run, and replaces the connection", async () => {
    const simulated = new Simulated({
      script: (command, connection) => command[0] === "INCR" ? undefined : connection.serve(),
    });
    await using redis = new Redis(simulated.options({ commandTimeout: 700 }));
    await redis.connect();
    const incremented = new Outcome(redis.incr("n"));
    await simulated.clock.advance(700);
    assert.equal(incremented.verdict, "TimeoutError COMMAND_TIMEOUT unknown");
    await simulated.clock.advance(5_000);
    assert.equal(simulated.peer.connections.length, 2);
    assert.equal(simulated.peer.count("INCR"), 1);
  });

  it("bounds all repeats together", async () => {
    const simulated = new Simulated({
      script: (command, connection) =>
        command[0] === "GET" ? new Raw("-LOADING yet\r\n") : connection.serve(),
    });
    for (const multiplex of [true, false]) {
      await using redis = new Redis(simulated.options({
        multiplex,
        commandTimeout: 1_000,
        retry: { attempts: 100, backoff: "constant:300" },
      }));
      await redis.connect();
      const got = new Outcome(redis.get("k"));
      await simulated.clock.advance(899);
      assert.equal(got.state, "pending");
      await simulated.clock.advance(101);
      // There is no time for one more: the reply says what there is to say.
      assert.equal(got.verdict, "ReplyError LOADING no");
    }
    assert.equal(simulated.peer.count("GET"), 8);
  });

  it("covers the wait in a pool", async () => {
    const simulated = new Simulated();
    await using pool = new BlockingConnectionPool(
      simulated.options({ maxConnections: 1, commandTimeout: 500 }),
    );
    await using redis = new Redis({ pool, multiplex: false });
    using _held = await pool.acquire();
    const got = new Outcome(redis.get("k"));
    await simulated.clock.advance(500);
    assert.equal(got.verdict, "TimeoutError COMMAND_TIMEOUT no");
    assert.equal(pool.stats().waiting, 0);
  });

  it("makes what waits behind it fail by the silence, not by its own time; a read is repeated on request", async () => {
    const simulated = new Simulated();
    const options = { healthCheckInterval: 1_000, commandTimeout: 4_000, retryOnTimeout: true } as const;
    await using redis = new Redis(simulated.options(options));
    await redis.set("k", "v");
    simulated.peer.last.freeze();
    await simulated.clock.advance(1_500);
    const [read, write] = [new Outcome(redis.get("k")), new Outcome(redis.incr("n"))];
    await simulated.clock.advance(1_000);
    assert.equal(write.verdict, "TimeoutError SOCKET_TIMEOUT unknown");
    await simulated.clock.advance(1_000);
    assert.equal(read.value, "v");
  });

  it("is off at 0", async () => {
    const simulated = new Simulated({
      script: (command, connection) => command[0] === "GET" ? undefined : connection.serve(),
    });
    await using redis = new Redis(
      simulated.options({ commandTimeout: 0, healthCheckInterval: 0, closeGrace: 0 }),
    );
    const got = new Outcome(redis.get("k"));
    await simulated.clock.advance(3_600_000);
    assert.equal(got.state, "pending");
    await redis.close();
  });

  it("leaves blocking commands their own time and a grace", async () => {
    const simulated = new Simulated({
      script: (command, connection) => command[0] === "BLPOP" ? undefined : connection.serve(),
    });
    await using redis = new Redis(
      simulated.options({ commandTimeout: 1_000, blockingGrace: 200, closeGrace: 0 }),
    );
    const popped = new Outcome(redis.blpop("k", 30));
    await simulated.clock.advance(30_199);
    assert.equal(popped.state, "pending");
    await simulated.clock.advance(1);
    assert.equal(popped.verdict, "TimeoutError COMMAND_TIMEOUT unknown");
    assert.equal(redis.pool.stats().created, 0, "its connection was replaced");
    const forever = new Outcome(redis.blpop("k", 0));
    await simulated.clock.advance(3_600_000);
    assert.equal(forever.state, "pending");
    assert.equal(await redis.ping(), "PONG");
  });
});

describe("with({ timeout, signal })", () => {
  it("timeout goes over commandTimeout, for what is called on it only", async () => {
    const simulated = new Simulated({
      script: (command, connection) => command[0] === "GET" ? undefined : connection.serve(),
    });
    await using redis = new Redis(simulated.options());
    await redis.connect();
    const [short, usual] = [new Outcome(redis.with({ timeout: 200 }).get("k")), new Outcome(redis.get("k"))];
    await simulated.clock.advance(200);
    assert.equal(short.verdict, "TimeoutError COMMAND_TIMEOUT unknown");
    assert.equal(usual.state, "pending");
    await simulated.clock.advance(4_800);
    assert.equal(usual.verdict, "TimeoutError COMMAND_TIMEOUT unknown");
  });

  const reason = new Error("no longer wanted");
  const phases: [string, (simulated: Simulated, redis: Redis) => void | Promise<void>, object?][] = [
    ["while connecting", ({ peer }) => void (peer.onConnection = () => never)],
    ["during the handshake", ({ peer }) => void (peer.script = () => undefined)],
    ["while a reply is due", async ({ peer }, redis) => {
      await redis.connect();
      peer.script = () => undefined;
    }],
    ["while the connection comes back", async ({ peer, clock }, redis) => {
      await redis.connect();
      peer.onConnection = () => {
        throw new Error("down");
      };
      peer.last.close();
      await clock.settle();
    }, { reconnect: { backoff: "constant:100000" } }],
    ["before a repeat", async ({ peer }, redis) => {
      await redis.connect();
      peer.script = () => new Raw("-LOADING yet\r\n");
    }, { retry: { backoff: "constant:3000" } }],
  ];
  for (const multiplex of [true, false]) {
    for (const [when, arrange, over] of phases) {
      it(`signal ends a call ${when} (multiplex: ${multiplex})`, async () => {
        const simulated = new Simulated();
        await using redis = new Redis(simulated.options({ multiplex, closeGrace: 0, ...over }));
        await arrange(simulated, redis);
        const controller = new AbortController();
        const got = new Outcome(redis.with({ signal: controller.signal }).get("k"));
        await simulated.clock.advance(50);
        assert.equal(got.state, "pending");
        controller.abort(reason);
        await simulated.clock.settle();
        assert.equal(got.error, reason);
        assert.equal(redis.pool.stats().inUse, multiplex ? redis.pool.stats().inUse : 0);
        const late = new Outcome(redis.with({ signal: controller.signal }).get("k"));
        await simulated.clock.settle();
        assert.equal(late.error, reason);
      });
    }
  }

  it("signal ends a call that waits in a pool, and one that blocks, whose connection is replaced", async () => {
    const simulated = new Simulated();
    await using pool = new BlockingConnectionPool(simulated.options({ maxConnections: 1, closeGrace: 0 }));
    await using redis = new Redis({ pool });
    const [first, second] = [new AbortController(), new AbortController()];
    const blocked = new Outcome(redis.with({ signal: first.signal }).blpop("k", 0));
    await simulated.clock.settle();
    const waiting = new Outcome(redis.with({ signal: second.signal }).blpop("k", 0));
    await simulated.clock.settle();
    assert.deepEqual([pool.stats().inUse, pool.stats().waiting], [1, 1]);
    second.abort(reason);
    await simulated.clock.settle();
    assert.equal(waiting.error, reason);
    assert.deepEqual([pool.stats().inUse, pool.stats().waiting], [1, 0]);
    first.abort(reason);
    await simulated.clock.settle();
    assert.equal(blocked.error, reason);
    assert.deepEqual([pool.stats().inUse, pool.stats().created], [0, 0]);
  });
});

describe("healthCheckInterval", () => {
  /** A connection in some state, and a peer that freezes; how long until it is noticed? */
  async function noticed(
    prepare: (simulated: Simulated, connection: Connection) => Promise<void>,
    over: object = {},
  ) {
    const simulated = new Simulated();
    await using pool = new ConnectionPool(
      simulated.options({ healthCheckInterval: 10_000, closeGrace: 0, ...over }),
    );
    const connection = await pool.acquire();
    await prepare(simulated, connection);
    await simulated.clock.advance(60_000);
    assert.equal(connection.state, "ready");
    const pings = simulated.peer.count("PING");
    assert.ok(pings >= 5 && pings <= 7, `${pings} PINGs in a minute`);
    simulated.peer.last.freeze();
    await simulated.clock.advance(11_000 + 5_000);
    assert.equal(connection.state, "closed");
    assert.match(connection.cause!.message, /silent|longer than/);
    assert.equal(pool.stats().created, 0);
  }

  it("notices the death of an idle connection", () =>
    noticed((_, connection) => Promise.resolve(connection[Symbol.dispose]())));
  it("notices the death of a connection that is leased and idle", () => noticed(() => Promise.resolve()));
  it("notices it without a commandTimeout, too", () =>
    noticed(() => Promise.resolve(), { commandTimeout: 0 }));
  for (const protocol of [2, 3] as const) {
    it(`notices the death of a subscribed connection (RESP${protocol})`, () =>
      noticed(async (_, connection) => void await connection.send(["SUBSCRIBE", "news"]), { protocol }));
  }

  it("says nothing inside MULTI, and nothing where commands come and go", async () => {
    const simulated = new Simulated();
    await using pool = new ConnectionPool(simulated.options({ healthCheckInterval: 1_000, closeGrace: 0 }));
    using connection = await pool.acquire();
    await connection.send(["MULTI"]);
    await simulated.clock.advance(5_000);
    assert.equal(simulated.peer.count("PING"), 0);
    await connection.send(["DISCARD"]);
    for (let i = 0; i < 20; i++) {
      await connection.send(["GET", "k"]);
      await simulated.clock.advance(300);
    }
    assert.equal(simulated.peer.count("PING"), 0);
  });

  it("a PING on its way is no reason to replace a connection", async () => {
    const simulated = new Simulated();
    await using pool = new ConnectionPool(simulated.options({ healthCheckInterval: 1_000 }));
    const connection = await pool.acquire();
    simulated.peer.last.freeze("toClient");
    await simulated.clock.advance(1_200);
    assert.equal(simulated.peer.count("PING"), 1);
    connection[Symbol.dispose]();
    using again = await pool.acquire();
    assert.equal(again, connection);
    const echoed = again.send(["ECHO", "mine"]);
    simulated.peer.last.thaw();
    assert.equal(await echoed, "mine");
  });

  it("is off at 0", async () => {
    const simulated = new Simulated();
    await using pool = new ConnectionPool(simulated.options({ healthCheckInterval: 0 }));
    using _connection = await pool.acquire();
    assert.equal(simulated.clock.pendingTimers, 0);
    await simulated.clock.advance(3_600_000);
    assert.equal(simulated.peer.count("PING"), 0);
  });
});

describe("keepAlive, noDelay and readBufferSize", () => {
  it("go to the transport as they were given", async () => {
    const simulated = new Simulated();
    const seen: SocketOptions[] = [];
    const transport: Transport = {
      name: "watched",
      connect: (endpoint, options, handlers) => {
        seen.push(options);
        return simulated.transport.connect(endpoint, options, handlers);
      },
    };
    const keepAlive = { idle: 1_000, interval: 3_000, count: 5 };
    for (const given of [{}, { keepAlive, noDelay: false, readBufferSize: 4_096 }, { keepAlive: false }]) {
      await using pool = new ConnectionPool(simulated.options({ transport, ...given } as object));
      using _connection = await pool.acquire();
    }
    const told = seen.map(({ signal: _, ...rest }) => rest);
    assert.deepEqual(told, [
      { keepAlive: true, noDelay: true, readBufferSize: 65_536 },
      { keepAlive, noDelay: false, readBufferSize: 4_096 },
      { keepAlive: false, noDelay: true, readBufferSize: 65_536 },
    ]);
  });
});
