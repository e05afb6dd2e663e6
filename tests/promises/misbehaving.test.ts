/**
 * Transports, parsers, listeners and functions of users may break every rule. Commands still settle, no
 * resource is left, and other calls are not disturbed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { Connection, type ConnectionOptions, type Redis } from "../../mod.ts";
import type { ClientCore } from "../../src/client/client.ts";
import { Command, defineCommand } from "../../src/commands/command.ts";
import { ConnectionError, RedisError } from "../../src/errors.ts";
import type { Socket, SocketHandlers, Transport } from "../../src/transport.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { Push } from "../harness/resp.ts";
import { closeClean, Follower, settleAll, stage } from "./support.ts";

/** A socket that takes everything and says nothing, but for what is given. */
function socketOf(own: Partial<Socket> = {}): Socket {
  const nothing = (): void => {};
  const close = (): Promise<void> => Promise.resolve();
  return {
    write: nothing,
    pause: nothing,
    resume: nothing,
    ref: nothing,
    unref: nothing,
    close,
    destroy: nothing,
    ...own,
  };
}

/** A connection over a given transport, with RESP2 and without a handshake. */
function over(
  connect: (handlers: SocketHandlers) => Promise<Socket>,
  options: ConnectionOptions = {},
): { clock: SimulatedClock; connection: Connection } {
  const transport: Transport = { name: "misbehaving", connect: (_to, _options, told) => connect(told) };
  const clock = new SimulatedClock();
  const silent = { protocol: 2, libName: false, healthCheckInterval: 0, retry: false } as const;
  return { clock, connection: new Connection({ transport, clock, ...silent, ...options }) };
}

const nothing: unknown = undefined;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function coreOf(redis: Redis): ClientCore {
  return (redis as unknown as { core: ClientCore }).core;
}

async function errorsOf(clock: SimulatedClock, promises: readonly Promise<unknown>[]): Promise<RedisError[]> {
  const outcomes = await settleAll(clock, promises.map((promise) => new Follower(promise)));
  return outcomes.map((outcome) => {
    assert.ok("error" in outcome, "it did not fail");
    assert.ok(outcome.error instanceof RedisError, String(outcome.error));
    return outcome.error;
  });
}

async function errorOf(clock: SimulatedClock, promise: Promise<unknown>): Promise<RedisError> {
  return (await errorsOf(clock, [promise]))[0]!;
}

describe("a transport", () => {
  it("that never settles and ignores its signal does not hold up connect(), and its late socket is destroyed", async () => {
    const { promise, resolve } = Promise.withResolvers<Socket>();
    const { clock, connection } = over(() => promise, { connectTimeout: 1_000 });
    const error = await errorOf(clock, connection.connect());
    assert.equal(error.code, "CONNECT_TIMEOUT");
    const destroy = mock.fn();
    resolve(socketOf({ destroy }));
    await clock.settle();
    assert.equal(destroy.mock.callCount(), 1);
    assert.equal(clock.pendingTimers, 0);
  });

  it("that closes before it hands over its socket has failed to connect", async () => {
    const destroy = mock.fn();
    const { clock, connection } = over((handlers) => {
      handlers.close(new ConnectionError("early end"));
      return Promise.resolve(socketOf({ destroy }));
    });
    const error = await errorOf(clock, connection.connect());
    assert.match(error.message, /^Cannot connect to localhost:6379: early end$/);
    assert.equal(error.executed, "no");
    assert.equal(destroy.mock.callCount(), 1);
  });

  it("that has data before it hands over its socket is heard", async () => {
    const { clock, connection } = over((handlers) => {
      handlers.data(bytes("-ERR max number of clients reached\r\n"));
      return Promise.resolve(socketOf());
    });
    const error = await errorOf(clock, connection.connect());
    assert.match(error.message, /max number of clients reached/);
  });

  it("that tells the last reply of the handshake and the end in one breath has failed to connect", async () => {
    let told: SocketHandlers;
    const { clock, connection } = over((handlers) => {
      told = handlers;
      return Promise.resolve(socketOf({
        write: () =>
          queueMicrotask(() => {
            told.data(bytes("+OK\r\n"));
            queueMicrotask(() => told.close());
          }),
      }));
    }, { db: 1 });
    const error = await errorOf(clock, connection.connect());
    assert.equal(error.executed, "no");
    assert.equal(connection.state, "closed");
    assert.equal(clock.pendingTimers, 0);
  });

  for (
    const [what, broken] of [
      ["throws an error", new Error("broken pipe")],
      ["throws a TypeError", new TypeError("no such socket")],
      ["throws nothing at all", undefined],
    ] as const
  ) {
    it(`whose write ${what} has lost the connection`, async () => {
      const destroy = mock.fn();
      const { clock, connection } = over(() =>
        Promise.resolve(socketOf({
          write: () => {
            throw broken;
          },
          destroy,
        }))
      );
      await connection.connect();
      // Above the size that is copied: the write happens in the middle of the command.
      const large = connection.send(["SET", "k", new Uint8Array(20_000)]);
      const small = connection.send(["INCR", "k"]);
      const errors = await errorsOf(clock, [large, small]);
      // Of the large one the head went out, and nothing behind it.
      assert.deepEqual(errors.map(({ executed }) => executed), ["no", "no"]);
      assert.equal(connection.state, "closed");
      assert.equal(destroy.mock.callCount(), 1);
    });
  }

  it("whose write is rejected has lost the connection", async () => {
    const { clock, connection } = over(() =>
      Promise.resolve(socketOf({ write: () => Promise.reject(new Error("no route")) }))
    );
    await connection.connect();
    const error = await errorOf(clock, connection.send(["INCR", "k"]));
    assert.equal(error.executed, "unknown");
    assert.match(error.message, /no route/);
  });

  it("whose write never settles is given up at the deadline", async () => {
    const { clock, connection } = over(
      () => Promise.resolve(socketOf({ write: () => new Promise(() => {}) })),
      { commandTimeout: 1_000 },
    );
    await connection.connect();
    const first = connection.send(["INCR", "k"]);
    await clock.settle();
    const second = connection.send(["INCR", "k"]);
    const errors = await errorsOf(clock, [first, second]);
    assert.deepEqual(errors.map(({ executed }) => executed), ["unknown", "no"]);
    assert.equal(connection.state, "closed");
  });

  it("that goes on talking after its end, and ends again, is not listened to", async () => {
    let told: SocketHandlers;
    const { clock, connection } = over((handlers) => {
      told = handlers;
      return Promise.resolve(socketOf());
    });
    await connection.connect();
    const sent = connection.send(["GET", "k"]);
    await clock.settle();
    told!.close(new Error("first"));
    told!.data(bytes("$1\r\nx\r\n"));
    told!.close(new Error("second"));
    assert.match((await errorOf(clock, sent)).message, /first/);
  });

  it("whose close and destroy fail does not keep anything from ending", async () => {
    const { clock, connection } = over(() =>
      Promise.resolve(socketOf({
        close: () => Promise.reject(new Error("cannot")),
        destroy: () => {
          throw new Error("cannot");
        },
      }))
    );
    await connection.connect();
    await connection.close();
    const other = over(() =>
      Promise.resolve(socketOf({
        destroy: () => {
          throw new Error("cannot");
        },
      }))
    );
    await other.connection.connect();
    const sent = other.connection.send(["GET", "k"]);
    other.connection.disconnect();
    await errorOf(clock, sent);
    await other.connection.closed;
  });
});

describe("a parser", () => {
  it("that fails when it is made leaves no socket", async () => {
    const destroy = mock.fn();
    const { clock, connection } = over(() => Promise.resolve(socketOf({ destroy })), {
      parser: () => {
        throw new Error("no parser today");
      },
    });
    const [outcome] = await settleAll(clock, [new Follower(connection.connect())]);
    assert.match(String((outcome as { error: unknown }).error), /no parser today/);
    assert.equal(destroy.mock.callCount(), 1);
  });

  it("that throws no Error loses the connection, and nothing else", async () => {
    const set = stage({
      protocol: 2,
      parser: () => ({
        write: () => {
          throw nothing;
        },
        partial: false,
      }),
      libName: false,
      commandTimeout: 1_000,
    });
    const error = await errorOf(set.clock, set.redis.incr("k"));
    assert.equal(error.executed, "unknown");
    await closeClean(set);
  });
});

describe("a function", () => {
  const echo = defineCommand("ECHO", 0);

  it("that makes a typed reply and throws rejects that command only", async () => {
    const set = stage();
    const broken = new Command(echo, ["a"], () => {
      throw new Error("not what I thought");
    });
    const all = [set.redis.execute(broken), set.redis.echo("b")].map((one) => new Follower(one));
    const [first, second] = await settleAll(set.clock, all);
    const { error } = first as { error: RedisError };
    assert.deepEqual([error.code, error.executed], ["UNEXPECTED_REPLY", "yes"]);
    assert.deepEqual(second, { value: "b" });
    await closeClean(set);
  });

  it("that makes a typed reply and aborts its own command settles it once", async () => {
    const set = stage();
    const controller = new AbortController();
    const aborting = new Command(echo, ["a"], (reply) => {
      controller.abort();
      return reply;
    });
    // As a flight, where a second settling would count for a command that is still on its way.
    const { executor, call } = coreOf(set.redis);
    const flight = new Follower(
      executor.executeAll([aborting, new Command(echo, ["b"])], { ...call, signal: undefined }),
    );
    assert.deepEqual((await settleAll(set.clock, [flight]))[0], { value: ["a", "b"] });
    const limited = executor.executeAll([aborting, new Command(echo, ["b"])], {
      ...call,
      signal: controller.signal,
    });
    await settleAll(set.clock, [new Follower(limited)]);
    await closeClean(set);
  });

  it("that ends the connection while its reply is made fails what is behind it", async () => {
    const set = stage({ commandTimeout: 1_000 });
    const ending = new Command(echo, ["a"], (reply) => {
      set.redis.pool.disconnect();
      return reply;
    });
    const all = [set.redis.execute(ending), set.redis.incr("n")].map((one) => new Follower(one));
    const [first, second] = await settleAll(set.clock, all);
    assert.deepEqual(first, { value: "a" });
    assert.equal((second as { error: RedisError }).error.executed, "unknown");
    await closeClean(set);
  });

  it("that decides about repeats and throws lets the command be rejected", async () => {
    class Odd extends Error {
      static override [Symbol.hasInstance](): boolean {
        throw new Error("I do not compare");
      }
    }
    const set = stage({ retry: { on: [Odd], attempts: 3 } }, {
      script: ([name], connection) => {
        if (name === "GET") connection.reset();
        return connection.serve();
      },
    });
    const [outcome] = await settleAll(set.clock, [new Follower(set.redis.get("k"))]);
    assert.equal((outcome as { error: RedisError }).error.executed, "unknown");
    await closeClean(set);
  });

  it("that waits between repeats and throws, or gives nonsense, does not stop them", async () => {
    for (
      const backoff of [() => NaN, () => -1, () => Infinity, (): number => {
        throw new Error("no idea");
      }]
    ) {
      const set = stage({ retry: { backoff }, reconnect: { backoff }, healthCheckInterval: 0 });
      let refused = 0;
      set.peer.onConnection = () => {
        if (refused++ < 1) throw new Error("not yet");
      };
      const get = new Follower(set.redis.with({ timeout: 0 }).incr("k"));
      await set.clock.advance(2 ** 31);
      assert.deepEqual(get.outcome, { value: 1 });
      await closeClean(set);
    }
  });
});

describe("a listener", () => {
  it("of a connection that throws keeps neither the other listeners nor the pool from hearing", async () => {
    const complain = mock.method(console, "error", () => {});
    try {
      const set = stage();
      const [connection] = (await settleAll(set.clock, [new Follower(set.redis.pool.acquire())]))
        .map((outcome) => (outcome as { value: Connection }).value);
      const heard = mock.fn();
      connection!.listen({
        push: () => {
          throw new Error("push");
        },
        closed: () => {
          throw new Error("closed");
        },
      });
      connection!.listen({ push: heard, closed: heard });
      set.peer.last.send(new Push(["news", "a"]));
      await set.clock.settle();
      assert.equal(connection!.state, "ready");
      set.peer.last.reset();
      await set.clock.settle();
      assert.equal(heard.mock.callCount(), 2);
      assert.equal(complain.mock.callCount(), 2);
      assert.equal(set.redis.pool.stats().created, 0);
      await closeClean(set);
    } finally {
      complain.mock.restore();
    }
  });

  it("of a client that throws, or calls the client, disturbs nothing", async () => {
    const complain = mock.method(console, "error", () => {});
    try {
      const set = stage();
      const inner: Follower[] = [];
      for (const type of ["connecting", "ready", "reconnecting", "closed"] as const) {
        set.redis.addEventListener(type, () => {
          inner.push(new Follower(set.redis.echo(type)));
          throw new Error(type);
        });
      }
      const outer = new Follower(set.redis.incr("n"));
      await settleAll(set.clock, [outer]);
      set.peer.last.reset();
      await set.clock.advance(10_000);
      assert.deepEqual(outer.outcome, { value: 1 });
      await closeClean(set);
      for (const { outcome } of inner) assert.notEqual(outcome, undefined);
      assert.ok(inner.length >= 4);
    } finally {
      complain.mock.restore();
    }
  });
});
