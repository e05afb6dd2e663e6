import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectionError } from "../src/errors.ts";
import { type MemoryPeer, memoryTransport } from "../transports/memory.ts";
import { bytes, endpoint, pair, settled, text } from "./harness/memory_pair.ts";

describe("memory transport: bytes", () => {
  it("carries bytes both ways, in order, one chunk a write", async () => {
    const { peer, socket, received } = await pair();
    const seen: string[] = [];
    peer.ondata = (chunk) => {
      seen.push(text(chunk));
      peer.write(`re:${text(chunk)}`);
    };
    assert.equal(socket.write(bytes("one")), undefined);
    assert.equal(socket.write(bytes("two")), undefined);
    await settled();
    assert.deepEqual(seen, ["one", "two"]);
    assert.deepEqual(received, ["re:one", "re:two"]);
  });

  it("cuts chunks to chunkSize in both directions", async () => {
    const { peer, socket, received } = await pair({ chunkSize: 1 });
    const seen: string[] = [];
    peer.ondata = (chunk) => void seen.push(text(chunk));
    socket.write(bytes("abc"));
    peer.write("xyz");
    await settled();
    assert.deepEqual(seen, ["a", "b", "c"]);
    assert.deepEqual(received, ["x", "y", "z"]);
  });

  it("honours readBufferSize", async () => {
    const sizes: number[] = [];
    let peer: MemoryPeer | undefined;
    await memoryTransport((end) => void (peer = end)).connect(endpoint, { readBufferSize: 4 }, {
      data: (chunk) => void sizes.push(chunk.length),
      close() {},
    });
    peer!.write("123456789");
    await settled();
    assert.deepEqual(sizes, [4, 4, 1]);
  });

  it("spoils a borrowed chunk once data has returned", async () => {
    let kept: Uint8Array | undefined;
    let during = "";
    await memoryTransport((peer) => peer.write("secret")).connect(endpoint, {}, {
      data(chunk) {
        kept = chunk;
        during = text(chunk);
      },
      close() {},
    });
    await settled();
    assert.equal(during, "secret");
    assert.deepEqual([...kept!], Array(6).fill(0xee));
  });

  it("leaves the caller's buffer alone and does not look at it after void", async () => {
    const { peer, socket } = await pair();
    const seen: string[] = [];
    peer.ondata = (chunk) => void seen.push(text(chunk));
    const buffer = bytes("before");
    assert.equal(socket.write(buffer), undefined);
    assert.equal(text(buffer), "before");
    buffer.fill(0x21);
    await settled();
    assert.deepEqual(seen, ["before"]);
  });

  it("copies what the peer writes", async () => {
    const { peer, received } = await pair();
    const buffer = bytes("before");
    peer.write(buffer);
    buffer.fill(0x21);
    await settled();
    assert.deepEqual(received, ["before"]);
    assert.equal(text(buffer), "!!!!!!");
  });

  it("can be read by iteration, which ends with the connection", async () => {
    const { peer, socket } = await pair();
    socket.write(bytes("one"));
    socket.write(bytes("two"));
    const closing = socket.close();
    const seen: string[] = [];
    for await (const chunk of peer) seen.push(text(chunk));
    await closing;
    assert.deepEqual(seen, ["one", "two"]);
    assert.equal(peer.closed, true);
  });
});

describe("memory transport: backpressure", () => {
  it("gives a promise when the peer does not read, which resolves when it does", async () => {
    const { peer, socket } = await pair({ highWaterMark: 4 });
    const writing = socket.write(bytes("0123456789"));
    assert.ok(writing instanceof Promise);
    let done = false;
    writing.then(() => void (done = true));
    await settled();
    assert.equal(done, false);
    assert.equal(peer.unread, 4);
    const seen: string[] = [];
    peer.ondata = (chunk) => void seen.push(text(chunk));
    await writing;
    await settled();
    assert.equal(seen.join(""), "0123456789");
    assert.equal(socket.write(bytes("more")), undefined);
  });

  it("shows a buffer that was changed before its promise resolved", async () => {
    const { peer, socket } = await pair({ highWaterMark: 4 });
    const buffer = bytes("01234567");
    const writing = socket.write(buffer);
    buffer.fill(0x21);
    const seen: string[] = [];
    peer.ondata = (chunk) => void seen.push(text(chunk));
    await writing;
    await settled();
    assert.equal(seen.join(""), "0123!!!!");
  });

  it("refuses a write while another waits", async () => {
    const { socket } = await pair({ highWaterMark: 1 });
    const first = socket.write(bytes("ab"));
    assert.throws(() => socket.write(bytes("c")), {
      name: "TypeError",
      message: /promise of the write before/,
    });
    socket.destroy();
    await assert.rejects(first as Promise<void>, ConnectionError);
  });

  it("honours pause and resume", async () => {
    const { peer, socket, received } = await pair();
    socket.pause();
    peer.write("late");
    await settled();
    assert.deepEqual(received, []);
    assert.deepEqual([peer.paused, peer.unsent], [true, 4]);
    socket.resume();
    await settled();
    assert.deepEqual(received, ["late"]);
    assert.deepEqual([peer.paused, peer.unsent], [false, 0]);
  });

  it("stops between two chunks when data pauses", async () => {
    const received: string[] = [];
    let peer: MemoryPeer | undefined;
    const socket = await memoryTransport((end) => void (peer = end), { chunkSize: 1 }).connect(endpoint, {}, {
      data(chunk) {
        received.push(text(chunk));
        socket.pause();
      },
      close() {},
    });
    peer!.write("ab");
    await settled();
    assert.deepEqual(received, ["a"]);
    socket.resume();
    await settled();
    assert.deepEqual(received, ["a", "b"]);
  });
});
