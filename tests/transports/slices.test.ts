/** Reading in slices: a socket that receives much lets the event loop turn. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import process from "node:process";
import { describe, it } from "node:test";
import { bunTransport } from "../../transports/bun.ts";
import { denoTransport } from "../../transports/deno.ts";
import { nodeTransport } from "../../transports/node.ts";
import { BaseSocket } from "../../transports/shared/base_socket.ts";
import { nodeTimers } from "../../transports/shared/node_timers.ts";
import { certificates } from "../harness/certificates.ts";
import fc from "../harness/properties.ts";
import { hashOf, noise, peer, Recorder, tlsPeer } from "./peer.ts";

const LONG = 16_384;
const native = "Deno" in globalThis ? denoTransport : "Bun" in globalThis ? bunTransport : nodeTransport;

/** Takes longer than a slice of reading may. */
function work(): void {
  for (const start = performance.now(); performance.now() - start < 5;);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A socket without a native half. */
class FakeSocket extends BaseSocket {
  flowing = true;
  protected send(): boolean {
    return true;
  }
  protected flow(on: boolean): void {
    this.flowing = on;
  }
  protected finishSending(): void {}
  protected release(): void {}
  ref(): void {}
  unref(): void {}
  receive(chunk: Uint8Array): void {
    this.deliver(chunk);
  }
  finish(): void {
    this.peerEnded();
  }
  displace(most: number): void {
    this.deliverBeyond(most);
    assert.ok(this.isStopped || this.heldBytes <= most);
  }
}

describe("a socket that receives much", () => {
  for (const transport of new Set([native, nodeTransport])) {
    for (const link of ["TCP", "TLS"]) {
      it(`handles chunks for some milliseconds a turn (${transport.name}, ${link})`, async () => {
        const { ca, server: { cert, key } } = await certificates();
        await using server = await (link === "TCP" ? peer() : tlsPeer({ cert, key }));
        const heard = new Recorder();
        let turns = 0;
        let last = -1;
        heard.onData = (chunk) => {
          assert.notEqual(turns, last, "a chunk followed a slow one in the same turn");
          if (chunk.length < LONG) return;
          work();
          last = turns;
        };
        let running = true;
        const count = (): void => {
          turns++;
          if (running) setImmediate(count);
        };
        count();
        const endpoint = { host: link === "TCP" ? "127.0.0.1" : "localhost", port: server.port };
        const tls = link === "TCP" ? undefined : { ca };
        const socket = await transport.connect({ ...endpoint, ...tls && { tls } }, {}, heard);
        const other = await server.next();
        const bytes = noise(link === "TCP" ? 2_000_000 : 600_000);
        other.end(bytes);
        assert.equal(await heard.closed, undefined);
        running = false;
        assert.equal(heard.hash, hashOf(bytes));
        socket.destroy();
      });
    }

    it(`reads into the memory that its handlers offer, whenever it is paused (${transport.name})`, async () => {
      await using server = await peer();
      const bytes = noise(1_500_000);
      const area = new Uint8Array(bytes.length);
      const closed = Promise.withResolvers<Error | undefined>();
      let filled = 0;
      let chunks = 0;
      let inPlace = 0;
      let paused = false;
      const socket = await transport.connect({ host: "127.0.0.1", port: server.port }, {}, {
        destination() {
          assert.equal(paused, false);
          return filled < area.length ? area.subarray(filled, filled + 100_000) : undefined;
        },
        data(chunk) {
          assert.equal(paused, false);
          if (chunk.buffer === area.buffer && chunk.byteOffset === filled) inPlace++;
          else area.set(chunk, filled);
          filled += chunk.length;
          const kind = chunks++ % 4;
          if (kind === 2) work();
          if (kind < 2) return;
          paused = true;
          socket.pause();
          setImmediate(() => {
            paused = false;
            socket.resume();
            if (kind === 2) socket.pause();
            socket.resume();
          });
        },
        close: closed.resolve,
      });
      (await server.next()).end(bytes);
      assert.equal(await closed.promise, undefined);
      assert.ok(Buffer.compare(area, bytes) === 0);
      // The transport of Bun cannot, nor can those of node:net elsewhere than on Node.
      const able = transport === denoTransport || !("Deno" in globalThis || "Bun" in globalThis);
      assert.equal(inPlace > 0, able && process.platform !== "win32");
      socket.destroy();
    });

    it(`notices the end after a pause, also over TLS (${transport.name})`, async () => {
      const { ca, server: { cert, key } } = await certificates();
      await using server = await tlsPeer({ cert, key });
      const bytes = noise(200_000);
      for (let pausedBehind = 0; pausedBehind < 6; pausedBehind++) {
        const heard = new Recorder();
        let chunks = 0;
        const endpoint = { host: "localhost", port: server.port, tls: { ca } };
        const socket = await transport.connect(endpoint, {}, heard);
        let isPaused = false;
        heard.onData = () => {
          assert.equal(isPaused, false, "data during a pause");
          if (chunks++ < pausedBehind) return;
          isPaused = true;
          socket.pause();
          setTimeout(() => {
            isPaused = false;
            socket.resume();
          }, 1);
        };
        (await server.next()).end(bytes);
        assert.equal(await heard.closed, undefined);
        assert.equal(heard.hash, hashOf(bytes));
        socket.destroy();
      }
    });

    it(`notices the end behind it, also over TLS (${transport.name})`, async () => {
      const { ca, server: { cert, key } } = await certificates();
      await using server = await tlsPeer({ cert, key });
      const bytes = noise(200_000);
      for (let round = 0; round < 4; round++) {
        const heard = new Recorder();
        heard.onData = (chunk) => {
          if (chunk.length >= LONG || heard.length + chunk.length === bytes.length) work();
        };
        const socket = await transport.connect(
          { host: "localhost", port: server.port, tls: { ca } },
          {},
          heard,
        );
        (await server.next()).end(bytes);
        assert.equal(await heard.closed, undefined);
        assert.equal(heard.hash, hashOf(bytes));
        socket.destroy();
      }
    });
  }

  it("delivers all in order, and nothing while it is paused, whatever happens between the slices", async () => {
    const step = fc.constantFrom("slow", "slow", "long", "short", "pause", "resume", "turn", "displace");
    const last = fc.constantFrom("end", "close", "destroy");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), last, async (steps, ending) => {
        const got: number[] = [];
        let closes = 0;
        let paused = false;
        let resumes = false;
        let awaited = 0;
        const nextTurn = (run: () => void): void => {
          // One of the socket, and one of all sockets.
          assert.ok(++awaited <= 2);
          nodeTimers.nextTurn(() => {
            awaited--;
            run();
          });
        };
        const socket = new FakeSocket("nowhere", {
          data: (chunk) => {
            assert.equal(paused, false);
            got.push(chunk[0]!);
            if (chunk[1] === 1) work();
          },
          close: () => void closes++,
        }, { ...nodeTimers, nextTurn });
        socket.start();
        const sent: number[] = [];
        for (const one of steps) {
          if (one === "turn") {
            await turn();
            resumes = false;
          } else if (one === "pause") {
            paused = true;
            socket.pause();
          } else if (one === "resume") {
            paused = false;
            resumes = true;
            socket.resume();
          } else if (one === "displace") {
            // Nothing arrives in the turn in which a caller lets reading continue.
            if (!resumes) socket.displace(LONG * (sent.length % 3));
          } else {
            const chunk = new Uint8Array(one === "short" ? 2 : LONG);
            chunk[0] = sent.length;
            chunk[1] = one === "slow" ? 1 : 0;
            sent.push(sent.length);
            socket.receive(chunk);
            chunk.fill(0xaa);
          }
        }
        if (ending === "end") {
          for (let turns = 0; socket.flowing === paused && turns < 50; turns++) await turn();
          assert.equal(socket.flowing, !paused);
          socket.finish();
          paused = false;
          socket.resume();
          for (let turns = 0; closes === 0 && turns < 50; turns++) await turn();
          assert.deepEqual(got, sent);
        } else {
          const before = got.length;
          if (ending === "destroy") socket.destroy();
          else {
            void socket.close();
            // A peer that is blocked in writing would never read the rest, nor end.
            assert.equal(socket.flowing, true);
          }
          socket.finish();
          await turn();
          assert.equal(got.length, before);
          assert.deepEqual(got, sent.slice(0, before));
        }
        await turn();
        assert.equal(closes, 1);
      }),
      { numRuns: 60 },
    );
  });

  it("reads on, and discards, when it is closed amid chunks that arrived during a pause", async () => {
    const closed = Promise.withResolvers<void>();
    let chunks = 0;
    const socket = new FakeSocket("nowhere", {
      data: () => {
        chunks++;
        void socket.close();
      },
      close: () => closed.resolve(),
    }, nodeTimers);
    socket.start();
    socket.pause();
    for (let n = 0; n < 3; n++) socket.receive(new Uint8Array(1));
    socket.resume();
    await turn();
    assert.deepEqual([chunks, socket.flowing], [1, true]);
    socket.finish();
    await closed.promise;
  });

  it("delivers the many short chunks of a long pause in order", async () => {
    // Each took time for all that were behind it: minutes for these.
    const COUNT = 100_000;
    let next = 0;
    const socket = new FakeSocket("nowhere", {
      data: (chunk) => {
        assert.equal(new DataView(chunk.buffer).getUint32(0), next++);
        if (next === COUNT / 2) socket.receive(new Uint8Array([0, 1, 134, 160]));
      },
      close() {},
    }, nodeTimers);
    socket.start();
    socket.pause();
    const chunk = new Uint8Array(4);
    for (let n = 0; n < COUNT; n++) {
      new DataView(chunk.buffer).setUint32(0, n);
      socket.receive(chunk);
    }
    socket.resume();
    await turn();
    assert.deepEqual([next, socket.flowing], [COUNT + 1, true]);
    socket.destroy();
  });
});
