/** Many commands in one tick: when their bytes go out, and in how many parts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectionError, Redis, type SocketHandlers, type Transport } from "../../mod.ts";
import { socketOf } from "../harness/socket.ts";

const SET = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$70\r\n";
/** Bytes of the command that all of these tests send. */
const LENGTH = SET.length + 72;
const VALUE = "v".repeat(70);

/** A socket that notes what is written; `slow`: every write is a promise, which settles when `drain` is called. */
class Wire {
  readonly writes: Uint8Array[] = [];
  handlers: SocketHandlers | undefined;
  readonly #slow: boolean;
  #taken: (() => void)[] = [];

  constructor(slow: boolean) {
    this.#slow = slow;
  }

  get lengths(): number[] {
    return this.writes.map(({ length }) => length);
  }

  get total(): number {
    return this.lengths.reduce((sum, length) => sum + length, 0);
  }

  get transport(): Transport {
    return {
      name: "wire",
      connect: (_endpoint, _options, handlers) => {
        this.handlers = handlers;
        return Promise.resolve(socketOf({
          write: (bytes) => {
            this.writes.push(bytes.slice());
            return this.#slow ? new Promise<void>((resolve) => this.#taken.push(resolve)) : undefined;
          },
        }));
      },
    };
  }

  /** Lets writes be taken until `total` bytes have come. */
  async drain(total: number): Promise<void> {
    for (;;) {
      for (const taken of this.#taken.splice(0)) taken();
      if (this.total === total) return;
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  answer(count: number): void {
    this.handlers!.data(new TextEncoder().encode("+OK\r\n".repeat(count)));
  }
}

async function open(slow = false): Promise<{ wire: Wire; redis: Redis }> {
  const wire = new Wire(slow);
  const redis = new Redis({ transport: wire.transport, protocol: 2, libName: false, healthCheckInterval: 0 });
  await redis.connect();
  return { wire, redis };
}

function send(redis: Redis, count: number): Promise<unknown>[] {
  return Array.from({ length: count }, () => redis.set("k", VALUE));
}

describe("commands of one tick", () => {
  it("that are few go out together when it is over", async () => {
    const { wire, redis } = await open();
    const sent = send(redis, 50);
    assert.deepEqual(wire.lengths, []);
    await undefined;
    assert.deepEqual(wire.lengths, [50 * LENGTH]);
    wire.answer(50);
    await Promise.all(sent);
    await redis.close();
  });

  it("that are many begin to go out before it is over, whole, in parts that grow", async () => {
    const { wire, redis } = await open();
    const sent = send(redis, 3_000);
    const early = wire.lengths;
    assert.ok(early.length >= 4, `${early}`);
    assert.ok(early[0]! >= 8_192 && early[0]! < 8_192 + LENGTH, `${early}`);
    assert.ok(early[1]! >= 16_384 && early[1]! < 16_384 + LENGTH, `${early}`);
    await undefined;
    assert.equal(wire.total, 3_000 * LENGTH);
    assert.ok(wire.lengths.slice(3, -1).every((length) => length > 60_000), `${wire.lengths}`);
    wire.answer(3_000);
    await Promise.all(sent);

    // The next tick begins with a small part again.
    const again = send(redis, 200);
    assert.equal(wire.lengths.at(-1), early[0]);
    await undefined;
    wire.answer(200);
    await Promise.all(again);
    await redis.close();
  });

  it("wait for a socket that is slow, and begin with more when there was much before", async () => {
    const { wire, redis } = await open(true);
    const sent = send(redis, 3_000);
    assert.equal(wire.writes.length, 1);
    assert.ok(wire.lengths[0]! < 8_192 + LENGTH);
    await wire.drain(3_000 * LENGTH);
    wire.answer(3_000);
    await Promise.all(sent);

    const before = wire.writes.length;
    const again = send(redis, 3_000);
    assert.equal(wire.writes.length, before + 1);
    assert.ok(wire.lengths[before]! > 60_000, `${wire.lengths.slice(before)}`);
    await wire.drain(6_000 * LENGTH);
    wire.answer(3_000);
    await Promise.all(again);
    await redis.close();
  });

  it("may have run where they had gone out when the link was cut, and have not where they had not", async () => {
    const { wire, redis } = await open();
    const once = redis.with({ retry: false });
    const sent = Array.from({ length: 200 }, () => once.set("k", VALUE));
    const gone = wire.total / LENGTH;
    assert.ok(gone > 0 && gone < 200 && Number.isInteger(gone));
    wire.handlers!.close(new ConnectionError("cut", { code: "LOST" }));
    const outcomes = await Promise.allSettled(sent.slice(0, gone));
    for (const outcome of outcomes) {
      assert.equal(outcome.status, "rejected");
      assert.equal((outcome.reason as ConnectionError).executed, "unknown");
    }
    // What had not gone out waits for the next connection.
    while (wire.total < 200 * LENGTH) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(wire.total, 200 * LENGTH);
    wire.answer(200 - gone);
    assert.deepEqual(await Promise.all(sent.slice(gone)), Array(200 - gone).fill("OK"));
    await redis.close();
  });
});
