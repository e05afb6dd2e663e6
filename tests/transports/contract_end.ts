/**
 * Ends: by the client, by the peer, by force. `close` is called once, last, on each path.
 *
 * @module
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { ConnectionError } from "../../src/errors.ts";
import type { Transport } from "../../src/transport.ts";
import { drain, echo, event, hashOf, noise, peer, Recorder, turns } from "./peer.ts";

const MIB = 1_048_576;

function run(fixture: string, args: readonly string[]): ReturnType<typeof spawn> {
  const path = fileURLToPath(new URL(`./fixtures/${fixture}`, import.meta.url));
  const flags = "Deno" in globalThis ? ["run", "-A", "--quiet"] : [];
  return spawn(process.execPath, [...flags, path, ...args], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Declares the tests. */
export function endContract(transport: Transport): void {
  async function pair(server: Awaited<ReturnType<typeof peer>>) {
    const heard = new Recorder();
    const socket = await transport.connect({ host: "127.0.0.1", port: server.port }, {}, heard);
    return { heard, socket, other: await server.next() };
  }

  it("hears the peer's end without an error", async () => {
    await using server = await peer();
    const { heard, socket, other } = await pair(server);
    other.end("bye");
    assert.equal(await heard.closed, undefined);
    assert.equal(heard.text, "bye");
    await turns();
    await socket.close();
    assert.deepEqual([heard.closes, heard.late], [1, 0]);
  });

  it("hears of a reset", async () => {
    await using server = await peer();
    const { heard, socket, other } = await pair(server);
    // Without bytes on their way there would be nothing to lose.
    const pending = socket.write(noise(32 * MIB));
    other.pause();
    const outcome = Promise.allSettled([pending]);
    await turns();
    other.resetAndDestroy();
    const error = await heard.closed;
    assert.ok(error instanceof ConnectionError, String(error));
    assert.equal(error.code, "LOST");
    assert.match(error.message, /127\.0\.0\.1:\d+ was lost/);
    assert.ok(error.cause !== undefined);
    const [settled] = await outcome;
    assert.equal(settled?.status, "rejected");
    await turns();
    assert.equal(heard.closes, 1);
  });

  it("sends what was written before it closes", async () => {
    await using server = await peer();
    const { heard, socket, other } = await pair(server);
    other.pause();
    const bytes = noise(24 * MIB);
    const pending = Promise.resolve(socket.write(bytes));
    const closing = socket.close();
    await turns();
    assert.equal(heard.closes, 0, "closed with bytes unsent");
    const arrived = drain(other);
    await pending;
    await closing;
    assert.equal((await arrived).hash, hashOf(bytes));
    assert.equal(await heard.closed, undefined);
    assert.equal(heard.closes, 1);
  });

  it("sends what was written, although unread bytes lie in its own buffer", async () => {
    await using server = await peer();
    const { heard, socket, other } = await pair(server);
    socket.pause();
    await new Promise<void>((resolve) => other.write(noise(60_000), () => resolve()));
    const bytes = noise(8 * MIB);
    const arrived = drain(other);
    const pending = Promise.resolve(socket.write(bytes));
    await socket.close();
    await pending;
    assert.equal((await arrived).hash, hashOf(bytes));
    assert.equal(heard.length, 0, "data after close() was called");
  });

  // Deno's node:net stops a pending write when the peer sends FIN, and reports that (EPIPE).
  const halfOpen = !(transport.name === "node" && "Deno" in globalThis);
  it("sends what was written to a peer that has ended its own half", { skip: !halfOpen }, async () => {
    await using server = await peer({ host: "127.0.0.1", port: 0 }, { stays: true });
    const { heard, socket, other } = await pair(server);
    other.pause();
    const bytes = noise(16 * MIB);
    const pending = Promise.resolve(socket.write(bytes));
    const closing = socket.close();
    other.end();
    await event(other, "finish");
    await turns();
    const arrived = drain(other);
    await pending;
    await closing;
    assert.equal((await arrived).hash, hashOf(bytes));
    assert.equal(await heard.closed, undefined);
  });

  it("does not wait for ever for the end of a peer that stays", async () => {
    await using server = await peer({ host: "127.0.0.1", port: 0 }, { stays: true });
    const { heard, socket, other } = await pair(server);
    other.resume();
    await socket.close();
    assert.equal(await heard.closed, undefined);
  });

  it("closes once, however often and in whatever way it is told to", async () => {
    await using server = await peer();
    const { heard, socket, other } = await pair(server);
    other.resume();
    const closing = [socket.close(), socket.close()];
    socket.destroy(new Error("too"));
    socket.destroy();
    await Promise.all(closing);
    await socket.close();
    socket.pause();
    socket.resume();
    socket.unref();
    socket.ref();
    await turns();
    assert.equal(heard.closes, 1);
  });

  it("tells the error that it was destroyed with", async () => {
    await using server = await peer();
    const { heard, socket, other } = await pair(server);
    const gone = event(other, "close");
    other.pause();
    const pending = Promise.resolve(socket.write(noise(32 * MIB)));
    const failure = new Error("for a reason");
    socket.destroy(failure);
    assert.equal(heard.closes, 0, "close() ran inside destroy()");
    await assert.rejects(pending, failure);
    assert.equal(await heard.closed, failure);
    other.resume();
    other.destroy();
    await gone;
  });

  it("delivers nothing after destroy", async () => {
    await using server = await peer();
    const { heard, socket, other } = await pair(server);
    heard.onData = () => socket.destroy();
    other.write(noise(4 * MIB));
    assert.equal(await heard.closed, undefined);
    const { length } = heard;
    await turns();
    assert.deepEqual([heard.length, heard.late, heard.closes], [length, 0, 1]);
  });

  it("refuses writes after the end", async () => {
    await using server = await peer();
    const { socket, other } = await pair(server);
    other.resume();
    const closing = socket.close();
    const isClosed = (error: unknown) =>
      error instanceof ConnectionError && error.code === "CLOSED" && error.executed === "no";
    await assert.rejects(async () => await socket.write(noise(1)), isClosed);
    await closing;
    await assert.rejects(async () => await socket.write(noise(1)), isClosed);
  });

  it("survives a close handler that throws", async () => {
    await using server = await peer();
    const { heard, socket, other } = await pair(server);
    other.resume();
    heard.close = () => {
      throw new Error("the handler is broken");
    };
    await socket.close();
  });

  it("lets the process end after unref, and keeps it after ref", async () => {
    await using server = await peer();
    const child = run("ref_child.ts", [transport.name, String(server.port)]);
    const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
    let output = "";
    child.stdout?.on("data", (chunk: Uint8Array) => output += new TextDecoder().decode(chunk));
    // The child answers each message, lets go of its socket at the third, and says when its loop runs empty.
    const other = await server.next();
    const answers = new Recorder();
    other.on("data", (chunk: Uint8Array) => answers.data(chunk));
    for (let i = 1; i <= 3; i++) {
      other.write("x");
      await Promise.race([answers.until(i), exited]);
    }
    assert.equal(await exited, 0);
    assert.equal(output.trim(), "3 messages");
  });

  it("closes without keeping the process", async () => {
    await using server = await peer();
    const child = run("close_child.ts", [transport.name, String(server.port)]);
    echo(await server.next());
    assert.equal(await new Promise((resolve) => child.once("exit", resolve)), 0);
  });
}
