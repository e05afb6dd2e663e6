import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectionError, TimeoutError } from "../src/errors.ts";
import { type MemoryPeer, memoryTransport } from "../transports/memory.ts";
import { SimulatedClock } from "./harness/clock.ts";
import { bytes, endpoint, pair, settled, text } from "./harness/memory_pair.ts";

describe("memory transport: endings", () => {
  it("close flushes, tells both sides once, and resolves", async () => {
    const { peer, socket, closes } = await pair({ highWaterMark: 2 });
    const seen: string[] = [];
    let told = 0;
    peer.onclose = () => void told++;
    const writing = socket.write(bytes("abcdef"));
    const closing = socket.close();
    await settled();
    assert.deepEqual(closes, []);
    peer.ondata = (chunk) => void seen.push(text(chunk));
    await Promise.all([writing, closing, socket.close()]);
    await settled();
    assert.equal(seen.join(""), "abcdef");
    assert.deepEqual(closes, [undefined]);
    assert.equal(told, 1);
    await assert.rejects(socket.write(bytes("x")) as Promise<void>, { code: "CLOSED", executed: "no" });
  });

  it("destroy loses what was not read and never calls back at once", async () => {
    const { peer, socket, closes, closed } = await pair();
    const seen: string[] = [];
    let told = 0;
    peer.onclose = () => void told++;
    peer.ondata = (chunk) => void seen.push(text(chunk));
    socket.write(bytes("lost"));
    peer.write("lost too");
    const why = new Error("why");
    socket.destroy(why);
    assert.deepEqual(closes, []);
    await closed;
    await settled();
    socket.destroy();
    await socket.close();
    assert.deepEqual([seen, closes, told], [[], [why], 1]);
  });

  it("the peer's close comes after its bytes, without an error", async () => {
    const { peer, received, closes, closed, socket } = await pair();
    socket.pause();
    peer.write("bye");
    peer.close();
    await settled();
    assert.deepEqual(closes, []);
    socket.resume();
    await closed;
    assert.deepEqual([received, closes], [["bye"], [undefined]]);
  });

  it("the peer's reset comes before its bytes, with an error, and rejects a write that waits", async () => {
    const { peer, socket, received, closes, closed } = await pair({ highWaterMark: 1 });
    const writing = socket.write(bytes("ab")) as Promise<void>;
    peer.write("never");
    peer.reset();
    await assert.rejects(writing, { code: "LOST", executed: "unknown" });
    await closed;
    assert.deepEqual(received, []);
    assert.ok(closes[0] instanceof ConnectionError);
    assert.equal(closes.length, 1);
  });

  it("a flushed reset comes behind the bytes", async () => {
    const { peer, received, closes, closed } = await pair();
    peer.write("last words");
    const why = new Error("cut");
    peer.reset(why, "flushed");
    await closed;
    assert.deepEqual([received, closes], [["last words"], [why]]);
  });

  it("vanish tells the client nothing: writes are taken up to the mark, then hang", async () => {
    const { peer, socket, closes } = await pair({ highWaterMark: 2 });
    peer.ondata = () => assert.fail("a vanished peer reads nothing");
    peer.vanish();
    assert.equal(socket.write(bytes("ab")), undefined);
    const writing = socket.write(bytes("c")) as Promise<void>;
    let done = false;
    writing.then(() => void (done = true), () => void (done = true));
    await settled();
    assert.deepEqual([done, closes], [false, []]);
    socket.destroy();
    await assert.rejects(writing, ConnectionError);
  });

  it("freeze holds one direction, or both, until thaw", async () => {
    const { peer, socket, received } = await pair();
    const seen: string[] = [];
    peer.ondata = (chunk) => void seen.push(text(chunk));
    peer.freeze("toClient");
    socket.write(bytes("a"));
    peer.write("x");
    await settled();
    assert.deepEqual([seen, received], [["a"], []]);
    peer.freeze();
    peer.thaw("toClient");
    socket.write(bytes("b"));
    await settled();
    assert.deepEqual([seen, received], [["a"], ["x"]]);
    peer.thaw();
    await settled();
    assert.deepEqual(seen, ["a", "b"]);
  });

  it("knows ref and unref", async () => {
    const { peer, socket } = await pair();
    assert.equal(peer.referenced, true);
    socket.unref();
    assert.equal(peer.referenced, false);
    socket.ref();
    assert.equal(peer.referenced, true);
  });
});

describe("memory transport: manual delivery", () => {
  it("moves nothing before deliver", async () => {
    const { peer, socket, received, closed } = await pair({ delivery: "manual" });
    peer.ondata = (chunk) => peer.write(`${text(chunk)}!`);
    socket.write(bytes("abc"));
    await settled();
    assert.deepEqual(received, []);
    assert.equal(peer.deliver(), 7);
    assert.deepEqual(received, ["abc!"]);
    assert.equal(peer.deliver(), 0);
    peer.close();
    peer.deliver();
    await closed;
  });
});

describe("memory transport: connecting", () => {
  const none = { data() {}, close: () => assert.fail("nobody is told of a socket that never was") };

  it("hands the endpoint over, TLS and all", async () => {
    const wanted = { host: "::1", port: 2, tls: { serverName: "x" } };
    const seen: unknown[] = [];
    const transport = memoryTransport((peer, end) => void seen.push(peer.endpoint, end));
    await transport.connect(wanted, {}, { data() {}, close() {} });
    assert.deepEqual(seen, [wanted, wanted]);
  });

  it("is refused by a throw, a rejection or a reset", async () => {
    const ways: ((peer: MemoryPeer) => void | Promise<void>)[] = [
      () => {
        throw new Error("no room");
      },
      () => Promise.reject(new Error("no room")),
      (peer) => peer.reset(new Error("no room")),
    ];
    for (const way of ways) {
      await assert.rejects(
        memoryTransport(way).connect({ host: "::1", port: 7 }, {}, none),
        (error) => {
          assert.ok(error instanceof ConnectionError);
          assert.deepEqual([error.code, error.executed], ["CONNECT", "no"]);
          assert.match(error.message, /^Cannot connect to \[::1\]:7: .*no room/);
          return true;
        },
      );
    }
  });

  it("waits for connectDelay in the clock's time", async () => {
    const clock = new SimulatedClock();
    let reached = 0;
    const transport = memoryTransport(() => void reached++, { clock, connectDelay: 50 });
    const connecting = transport.connect(endpoint, { connectTimeout: 60 }, none);
    await clock.advance(49);
    assert.equal(reached, 0);
    await clock.advance(1);
    await connecting;
    assert.deepEqual([reached, clock.pendingTimers], [1, 0]);
  });

  it("ends by connectTimeout, and closes what arrives late", async () => {
    const clock = new SimulatedClock();
    const late = Promise.withResolvers<void>();
    let told = 0;
    const transport = memoryTransport((peer) => {
      peer.onclose = () => void told++;
      return late.promise;
    }, { clock });
    const connecting = transport.connect(endpoint, { connectTimeout: 100 }, none);
    const refused = assert.rejects(connecting, (error) => {
      assert.ok(error instanceof TimeoutError);
      assert.deepEqual([error.code, error.executed], ["CONNECT_TIMEOUT", "no"]);
      return true;
    });
    await clock.advance(100);
    await refused;
    late.resolve();
    await settled();
    assert.deepEqual([told, clock.pendingTimers], [1, 0]);
  });

  it("ends by its signal, before, while it waits, and never after", async () => {
    const clock = new SimulatedClock();
    const why = new Error("enough");
    const never = memoryTransport(() => assert.fail("not reached"), { clock, connectDelay: 10 });
    await assert.rejects(never.connect(endpoint, { signal: AbortSignal.abort(why) }, none), why);
    const controller = new AbortController();
    const connecting = never.connect(endpoint, { signal: controller.signal, connectTimeout: 10 }, none);
    controller.abort(why);
    await assert.rejects(connecting, why);
    assert.equal(clock.pendingTimers, 0);
    const after = new AbortController();
    await memoryTransport(() => {}).connect(endpoint, { signal: after.signal }, none);
    after.abort(why);
    await settled();
  });

  it("refuses nonsense by name", () => {
    assert.throws(() => memoryTransport(() => {}, { highWaterMark: 0 }), {
      name: "RangeError",
      message: /highWaterMark/,
    });
    assert.throws(() => memoryTransport(() => {}, { chunkSize: 0.5 }), {
      name: "RangeError",
      message: /chunkSize/,
    });
  });
});
