/** Records of TLS are collected in a turn of the event loop: nothing is lost, late or out of order. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nodeTransport } from "../../transports/node.ts";
import { TlsRecords } from "../../transports/shared/tls_records.ts";
import { certificates } from "../harness/certificates.ts";
import fc from "../harness/properties.ts";
import { hashOf, noise, Recorder, tlsPeer } from "./peer.ts";

const RECORD = 16_384;
const skip = ("Deno" in globalThis || "Bun" in globalThis) && "only the transport of Node collects them";
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A socket whose bytes are numbered, which reads as Node does. */
class Reading {
  readonly chunks: number[] = [];
  readonly records: TlsRecords;
  read = 0;
  received = 0;
  /** The bytes that are wanted in memory of their own. */
  wanted: Uint8Array | undefined;
  #buffer: Uint8Array;

  constructor(usual: Uint8Array) {
    this.records = new TlsRecords({ link: this }, usual);
    this.#buffer = this.records.buffer();
  }

  get destination(): Uint8Array | undefined {
    return this.wanted;
  }

  take(chunk: Uint8Array): void {
    this.chunks.push(chunk.length);
    for (const byte of chunk) {
      if (byte !== this.received++ % 251) assert.fail("a byte is lost, or not in its place");
    }
    this.wanted = undefined;
  }

  /** Reads a record, into as many buffers as it needs. */
  record(length: number): void {
    for (let left = length; left > 0;) {
      const part = Math.min(left, this.#buffer.length);
      for (let at = 0; at < part; at++) this.#buffer[at] = this.read++ % 251;
      left -= part;
      this.records.callback(part);
      this.#buffer = this.records.buffer();
    }
  }
}

describe("records of TLS", () => {
  it("are delivered in order and in the same turn, to any number of sockets", { skip }, async () => {
    const length = fc.oneof(fc.constant(RECORD), fc.integer({ min: 1, max: RECORD }));
    const step = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({ socket: fc.nat(5), lengths: fc.array(length, { maxLength: 24 }) }),
      },
      { weight: 4, arbitrary: fc.constant("turn" as const) },
      { weight: 1, arbitrary: fc.record({ socket: fc.nat(5), ends: fc.constant(true) }) },
      { weight: 1, arbitrary: fc.record({ socket: fc.nat(5), wants: fc.integer({ min: 1, max: 40_000 }) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 16 }), async (steps) => {
        const usual = new Uint8Array(65_536);
        const open = () => new Reading(usual);
        const sockets = Array.from({ length: 6 }, open);
        const check = (one: Reading) => assert.equal(one.received, one.read);
        for (const one of steps) {
          if (one === "turn") {
            await turn();
            sockets.forEach(check);
          } else if ("lengths" in one) {
            for (const each of one.lengths) sockets[one.socket]!.record(each);
          } else if ("wants" in one) {
            sockets[one.socket]!.wanted = new Uint8Array(one.wants);
          } else {
            sockets[one.socket]!.records.end();
            check(sockets[one.socket]!);
            sockets[one.socket] = open();
          }
        }
        for (const socket of sockets) {
          socket.records.end();
          check(socket);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("are one chunk while full ones arrive, and a short one is delivered at once", { skip }, async () => {
    const socket = new Reading(new Uint8Array(65_536));
    const chunks = (): number[] => socket.chunks.splice(0);
    socket.record(5);
    assert.deepEqual(chunks(), [5]);
    socket.record(RECORD);
    assert.deepEqual(chunks(), [RECORD]);
    for (const length of [RECORD, 7, RECORD, RECORD, 9]) socket.record(length);
    assert.deepEqual(chunks(), []);
    await turn();
    assert.deepEqual(chunks(), [3 * RECORD + 16]);
    for (let short = 1; short <= 5; short++) {
      socket.record(short);
      assert.deepEqual(chunks(), [short]);
    }
    for (let count = 0; count < 40; count++) socket.record(RECORD);
    assert.deepEqual(chunks(), [RECORD, 16 * RECORD, 16 * RECORD]);
    socket.records.end();
    assert.deepEqual(chunks(), [7 * RECORD]);
  });

  it("are collected for four sockets at a time", { skip }, () => {
    const usual = new Uint8Array(65_536);
    for (let round = 0; round < 2; round++) {
      const sockets = Array.from({ length: 6 }, () => new Reading(usual));
      for (const socket of sockets) {
        for (const length of [RECORD, RECORD]) socket.record(length);
      }
      assert.equal(sockets.filter((socket) => socket.received < socket.read).length, 4);
      for (const socket of sockets) socket.records.end();
      assert.ok(sockets.every((socket) => socket.received === socket.read));
    }
  });

  it("arrive complete before the end of the stream", { skip }, async () => {
    const { ca, server: { cert, key } } = await certificates();
    await using server = await tlsPeer({ cert, key });
    for (const length of [1, RECORD, 5 * RECORD, 1_000_003]) {
      const bytes = noise(length);
      const heard = new Recorder();
      const tls = { ca, sessionResumption: false };
      const socket = await nodeTransport.connect({ host: "localhost", port: server.port, tls }, {}, heard);
      const other = await server.next();
      const middle = length >> 1;
      other.write(bytes.subarray(0, middle));
      other.end(bytes.subarray(middle));
      assert.equal(await heard.closed, undefined);
      assert.deepEqual([heard.length, heard.hash, heard.late], [length, hashOf(bytes), 0]);
      socket.destroy();
    }
  });
});
