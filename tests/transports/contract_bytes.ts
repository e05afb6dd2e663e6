/**
 * Bytes in and out: order, borrowed buffers, backpressure both ways.
 *
 * @module
 */

import assert from "node:assert/strict";
import { it } from "node:test";
import type { Socket, Transport } from "../../src/transport.ts";
import { drain, echo, event, hashOf, noise, peer, Recorder, turns } from "./peer.ts";

const MIB = 1_048_576;
const encoder = new TextEncoder();

/** Declares the tests. */
export function bytesContract(transport: Transport): void {
  it("sends and receives", async () => {
    await using server = await peer();
    const heard = new Recorder();
    const socket = await transport.connect({ host: "127.0.0.1", port: server.port }, {}, heard);
    echo(await server.next());
    await socket.write(encoder.encode("PING\r\n"));
    await heard.until(6);
    assert.equal(heard.text, "PING\r\n");
    await socket.close();
  });

  it("delivers what the peer says first, and not before the socket is there", async () => {
    await using server = await peer({ host: "127.0.0.1", port: 0 }, { greeting: "hello" });
    // Whether a runtime has the bytes so early is a matter of chance.
    for (let i = 0; i < 20; i++) {
      const heard = new Recorder();
      const sockets: Socket[] = [];
      heard.onData = () => assert.equal(sockets.length, 1, "data before connect() resolved");
      const socket = await transport.connect({ host: "127.0.0.1", port: server.port }, {}, heard);
      sockets.push(socket);
      await Promise.race([heard.until(5), heard.closed]);
      assert.equal(heard.text, "hello");
      socket.destroy();
      assert.equal(await heard.closed, undefined);
    }
  });

  it("gives a buffer back at once, or when the promise resolves", async () => {
    await using server = await peer();
    const socket = await transport.connect({ host: "127.0.0.1", port: server.port }, {}, new Recorder());
    const arrived = drain(await server.next());
    const buffer = new Uint8Array(300_000);
    const sent: Uint8Array[] = [];
    for (let i = 0; i < 60; i++) {
      const bytes = noise(1 + (i * 7_919) % buffer.length).map((byte) => byte ^ i);
      sent.push(bytes);
      buffer.set(bytes);
      const pending = socket.write(buffer.subarray(0, bytes.length));
      if (pending !== undefined) await pending;
      // Now the buffer belongs to the test: a transport that still reads it sends rubbish.
      buffer.fill(0xee);
    }
    await socket.close();
    assert.equal((await arrived).hash, hashOf(...sent));
  });

  it("takes an empty write", async () => {
    await using server = await peer();
    const socket = await transport.connect({ host: "127.0.0.1", port: server.port }, {}, new Recorder());
    const arrived = drain(await server.next());
    await socket.write(new Uint8Array(0));
    await socket.write(encoder.encode("x"));
    await socket.close();
    assert.equal((await arrived).length, 1);
  });

  it("returns a promise that waits for a slow peer, and keeps the order", async () => {
    await using server = await peer();
    const socket = await transport.connect({ host: "127.0.0.1", port: server.port }, {}, new Recorder());
    const other = await server.next();
    other.pause();
    const bytes = noise(32 * MIB);
    const pending = socket.write(bytes);
    assert.ok(pending instanceof Promise);
    let done = false;
    pending.then(() => done = true);
    await turns();
    assert.equal(done, false, "32 MiB do not fit into a socket that nobody reads");
    const arrived = drain(other);
    await pending;
    await socket.write(encoder.encode("end"));
    await socket.close();
    assert.equal((await arrived).hash, hashOf(bytes, encoder.encode("end")));
  });

  it("takes a bounded amount for a peer that does not read", async () => {
    await using server = await peer();
    const socket = await transport.connect({ host: "127.0.0.1", port: server.port }, {}, new Recorder());
    (await server.next()).pause();
    const piece = noise(MIB);
    let stuck = false;
    for (let i = 0; i < 64 && !stuck; i++) {
      const pending = socket.write(piece);
      if (pending === undefined) continue;
      let done = false;
      pending.then(() => done = true, () => {});
      await turns(50);
      stuck = !done;
    }
    assert.ok(stuck, "64 MiB were taken for a peer that read nothing");
    socket.destroy();
  });

  it("keeps the order of writes that do not wait for each other", async () => {
    await using server = await peer();
    const socket = await transport.connect({ host: "127.0.0.1", port: server.port }, {}, new Recorder());
    const arrived = drain(await server.next());
    const pieces = Array.from({ length: 6 }, (_, i) => noise(3 * MIB).map((byte) => byte ^ i));
    await Promise.all(pieces.map((piece) => socket.write(piece)));
    await socket.close();
    assert.equal((await arrived).hash, hashOf(...pieces));
  });

  it("slows the peer down while paused, and loses nothing", async () => {
    await using server = await peer();
    const heard = new Recorder();
    const socket = await transport.connect({ host: "127.0.0.1", port: server.port }, {}, heard);
    const other = await server.next();
    socket.pause();
    const bytes = noise(32 * MIB);
    let sent = false;
    other.write(bytes, () => sent = true);
    await turns(50);
    assert.equal(heard.length, 0);
    assert.equal(sent, false, "32 MiB went into a socket that is paused");
    socket.resume();
    await heard.until(bytes.length);
    assert.equal(heard.hash, hashOf(bytes));
    socket.destroy();
  });

  it("pauses from within data", async () => {
    await using server = await peer();
    const heard = new Recorder();
    const socket = await transport.connect({ host: "127.0.0.1", port: server.port }, {}, heard);
    const other = await server.next();
    const bytes = noise(2 * MIB);
    let paused = false;
    heard.onData = () => {
      assert.equal(paused, false, "data came while paused");
      paused = true;
      socket.pause();
      setImmediate(() => {
        paused = false;
        socket.resume();
      });
    };
    other.write(bytes);
    await heard.until(bytes.length);
    assert.equal(heard.hash, hashOf(bytes));
    assert.equal(await Promise.race([heard.closed, "open"]), "open");
    socket.destroy();
  });

  it("delivers what came before the peer's end, also after a pause", async () => {
    await using server = await peer();
    const heard = new Recorder();
    const socket = await transport.connect({ host: "127.0.0.1", port: server.port }, {}, heard);
    const other = await server.next();
    socket.pause();
    other.end(noise(100_000));
    await event(other, "finish");
    await turns();
    assert.equal(heard.closes, 0);
    socket.resume();
    assert.equal(await heard.closed, undefined);
    assert.equal(heard.length, 100_000);
  });

  it("turns a data handler that throws into the end of the socket", async () => {
    await using server = await peer();
    const heard = new Recorder();
    await transport.connect({ host: "127.0.0.1", port: server.port }, {}, heard);
    const other = await server.next();
    const gone = event(other, "close");
    const failure = new Error("the handler is broken");
    heard.onData = () => {
      throw failure;
    };
    other.resume();
    other.write("x");
    assert.equal(await heard.closed, failure);
    await gone;
    assert.equal(heard.closes, 1);
  });

  it("reads in pieces of readBufferSize or less, where the runtime lets one choose", async () => {
    await using server = await peer();
    const heard = new Recorder();
    const socket = await transport.connect(
      { host: "127.0.0.1", port: server.port },
      { readBufferSize: 1_000 },
      heard,
    );
    const bytes = noise(50_000);
    let largest = 0;
    heard.onData = (chunk) => largest = Math.max(largest, chunk.length);
    (await server.next()).write(bytes);
    await heard.until(bytes.length);
    assert.equal(heard.hash, hashOf(bytes));
    if (transport.name !== "bun") assert.ok(largest <= 1_000, `a chunk of ${largest}`);
    socket.destroy();
  });
}
