/**
 * Measures which shape of `write` and of reading is fastest on a runtime.
 *
 * A model of the client's hot path uses a peer in another process. Each of its callers sends a new request after each
 * reply (40 bytes out, 60 bytes in); the requests of one tick are one write from one of two buffers. Contenders take
 * turns within a round. The result is the median of the ratios to the first one, because single figures vary with the
 * machine.
 *
 *     deno run -A scripts/benchmarks/write_shape.ts [rounds] [milliseconds]
 *     bun scripts/benchmarks/write_shape.ts
 *     node scripts/benchmarks/write_shape.ts
 *
 * @module
 */

import { spawn } from "node:child_process";
import net from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bunTransport } from "../../transports/bun.ts";
import { denoTransport } from "../../transports/deno.ts";
import { nodeTransport } from "../../transports/node.ts";
import type { BunGlobal, BunSocket } from "../../transports/shared/bun_types.ts";
import type { Transport } from "../../src/transport.ts";

const ASK = 40;
const ANSWER = 60;
const READ = 65_536;

/** A way to write, with the reading that goes with it. */
interface Contender {
  readonly name: string;
  open(port: number, data: (chunk: Uint8Array) => void): Promise<Writer>;
}

interface Writer {
  write(bytes: Uint8Array): void | Promise<void>;
  end(): void;
}

function peer(): void {
  const answers = new Uint8Array(4 << 20).fill(46);
  const server = net.createServer({ noDelay: true }, (socket) => {
    let open = 0;
    socket.on("data", (chunk) => {
      open += chunk.length;
      const whole = Math.floor(open / ASK);
      open -= whole * ASK;
      if (whole > 0) socket.write(answers.subarray(0, whole * ANSWER));
    });
    socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1", () => console.log((server.address() as net.AddressInfo).port));
}

function connectNode(port: number, options: object): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true, ...options });
    socket.once("error", reject);
    socket.once("connect", () => resolve(socket));
  });
}

function reusing(data: (chunk: Uint8Array) => void): object {
  const callback = (length: number, buffer: Uint8Array) => (data(buffer.subarray(0, length)), true);
  return { onread: { buffer: new Uint8Array(READ), callback } };
}

function transport(value: Transport): Contender {
  return {
    name: `the ${value.name} adapter`,
    async open(port, data) {
      const socket = await value.connect({ host: "127.0.0.1", port }, {}, { data, close() {} });
      return { write: (bytes) => socket.write(bytes), end: () => socket.destroy() };
    },
  };
}

const NODE: readonly Contender[] = [
  {
    name: "node:net, nothing when all was taken, else a promise",
    async open(port, data) {
      const socket = await connectNode(port, reusing(data));
      return {
        write(bytes) {
          if (socket.write(bytes), socket.writableLength === 0) return;
          return new Promise((resolve) => socket.once("drain", resolve));
        },
        end: () => socket.destroy(),
      };
    },
  },
  {
    name: "node:net, always a promise from the callback",
    async open(port, data) {
      const socket = await connectNode(port, reusing(data));
      return {
        write: (bytes) => new Promise((resolve) => socket.write(bytes, () => resolve())),
        end: () => socket.destroy(),
      };
    },
  },
  {
    name: "node:net, always a copy and never a promise",
    async open(port, data) {
      const socket = await connectNode(port, reusing(data));
      return { write: (bytes) => void socket.write(bytes.slice()), end: () => socket.destroy() };
    },
  },
  {
    name: "node:net, as the first, but a fresh buffer for each chunk",
    async open(port, data) {
      const socket = await connectNode(port, {});
      socket.on("data", data);
      return {
        write(bytes) {
          if (socket.write(bytes), socket.writableLength === 0) return;
          return new Promise((resolve) => socket.once("drain", resolve));
        },
        end: () => socket.destroy(),
      };
    },
  },
];

async function openDeno(port: number, data: (chunk: Uint8Array) => void): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  (async () => {
    const buffer = new Uint8Array(READ);
    for (;;) {
      const length = await conn.read(buffer);
      if (length === null) return;
      data(buffer.subarray(0, length));
    }
  })().catch(() => {}); // the end of the measurement closes it
  return conn;
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await conn.write(bytes.subarray(done));
}

const DENO: readonly Contender[] = [
  {
    name: "Deno.connect, a promise from an async function",
    async open(port, data) {
      const conn = await openDeno(port, data);
      return { write: (bytes) => writeAll(conn, bytes), end: () => conn.close() };
    },
  },
  {
    name: "Deno.connect, one promise and kept callbacks",
    async open(port, data) {
      const conn = await openDeno(port, data);
      let rest = new Uint8Array(0) as Uint8Array;
      let done = () => {};
      const written = (length: number): void => {
        rest = rest.subarray(length);
        if (rest.length > 0) conn.write(rest).then(written, () => {});
        else done();
      };
      return {
        write: (bytes) =>
          new Promise((resolve) => {
            rest = bytes;
            done = resolve;
            conn.write(bytes).then(written, () => {});
          }),
        end: () => conn.close(),
      };
    },
  },
  {
    name: "Deno.connect, a copy, and a promise only behind a write that is under way",
    async open(port, data) {
      const conn = await openDeno(port, data);
      let copy = new Uint8Array(READ);
      let under: Promise<void> | undefined;
      const free = () => under = undefined;
      const start = (bytes: Uint8Array) => {
        if (bytes.length > copy.length) copy = new Uint8Array(bytes.length * 2);
        copy.set(bytes);
        under = writeAll(conn, copy.subarray(0, bytes.length)).then(free, free);
      };
      return {
        write(bytes) {
          if (under === undefined) return start(bytes);
          return under.then(() => start(bytes));
        },
        end: () => conn.close(),
      };
    },
  },
];

function openBun(port: number, data: (chunk: Uint8Array) => void, drain: () => void): Promise<BunSocket> {
  const { Bun } = globalThis as unknown as { readonly Bun: BunGlobal };
  const ignore = () => {};
  const socket = {
    open: (socket: BunSocket) => void socket.setNoDelay(true),
    data: (_socket: BunSocket, chunk: Uint8Array) => data(chunk),
    drain,
    end: ignore,
    close: ignore,
    error: ignore,
    connectError: ignore,
    handshake: ignore,
  };
  return Bun.connect({ hostname: "127.0.0.1", port, socket });
}

function bunContender(name: string, shape: "promise when pending" | "always a promise" | "copy"): Contender {
  return {
    name,
    async open(port, data) {
      let rest: Uint8Array | undefined;
      let done = () => {};
      const socket = await openBun(port, data, () => {
        if (rest === undefined) return;
        const length = socket.write(rest);
        rest = length < rest.length ? rest.subarray(Math.max(length, 0)) : undefined;
        if (rest === undefined) done();
      });
      const later = () => new Promise<void>((resolve) => done = resolve);
      return {
        write(bytes) {
          if (shape === "copy" && rest !== undefined) {
            const joined = new Uint8Array(rest.length + bytes.length);
            joined.set(rest);
            joined.set(bytes, rest.length);
            rest = joined;
            return;
          }
          const length = Math.max(socket.write(bytes), 0);
          if (length === bytes.length) return shape === "always a promise" ? Promise.resolve() : undefined;
          rest = shape === "copy" ? bytes.slice(length) : bytes.subarray(length);
          return shape === "copy" ? undefined : later();
        },
        end: () => socket.terminate(),
      };
    },
  };
}

const BUN: readonly Contender[] = [
  bunContender("Bun.connect, nothing when all was taken, else a promise", "promise when pending"),
  bunContender("Bun.connect, always a promise", "always a promise"),
  bunContender("Bun.connect, a copy of what was not taken and never a promise", "copy"),
];

/** Answers a second. */
async function measure(contender: Contender, port: number, callers: number, length: number): Promise<number> {
  let arena = new Uint8Array(callers * ASK);
  let spare = new Uint8Array(callers * ASK);
  let filled = 0, half = 0, answers = 0;
  let writing = false, planned = false, over = false;
  const written = () => {
    writing = false;
    flush();
  };
  const flush = (): void => {
    planned = false;
    if (writing || filled === 0 || over) return;
    const bytes = arena.subarray(0, filled);
    filled = 0;
    const pending = writer.write(bytes);
    if (pending === undefined) return;
    writing = true;
    [arena, spare] = [spare, arena];
    pending.then(written, () => over = true);
  };
  const ask = () => {
    arena.fill(42, filled, filled + ASK);
    filled += ASK;
    if (planned || writing) return;
    planned = true;
    queueMicrotask(flush);
  };
  const writer = await contender.open(port, (chunk) => {
    half += chunk.length;
    for (; half >= ANSWER; half -= ANSWER) {
      answers++;
      ask();
    }
  });
  for (let i = 0; i < callers; i++) ask();
  await new Promise((resolve) => setTimeout(resolve, length / 4));
  answers = 0;
  const begin = performance.now();
  await new Promise((resolve) => setTimeout(resolve, length));
  const rate = answers / (performance.now() - begin) * 1_000;
  over = true;
  writer.end();
  return rate;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] as number;
}

async function main(): Promise<void> {
  const rounds = Number(process.argv[2] ?? 7), length = Number(process.argv[3] ?? 400);
  const native = "Deno" in globalThis
    ? [...DENO, transport(denoTransport)]
    : "Bun" in globalThis
    ? [...BUN, transport(bunTransport)]
    : [];
  const contenders = [...native, ...NODE, transport(nodeTransport)];
  const self = fileURLToPath(import.meta.url);
  const node = fileURLToPath(new URL("../../node_modules/.bin/node", import.meta.url));
  const child = spawn(node, [self, "peer"], { stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise<number>((resolve) =>
    child.stdout.once("data", (text: Uint8Array) => resolve(Number(new TextDecoder().decode(text))))
  );
  try {
    for (const callers of [1, 64, 1_000]) {
      const rates: number[][] = contenders.map(() => []);
      for (let round = 0; round < rounds; round++) {
        for (const [i, contender] of contenders.entries()) {
          rates[i]?.push(await measure(contender, port, callers, length));
        }
      }
      console.log(`\n${callers} at once (thousands a second; ratio to the first)`);
      for (const [i, contender] of contenders.entries()) {
        const ratios = (rates[i] as number[]).map((rate, round) => rate / (rates[0]?.[round] as number));
        const figures = `${(median(rates[i] as number[]) / 1_000).toFixed(0).padStart(7)}  ${
          median(ratios).toFixed(2)
        }`;
        console.log(`${figures}  ${contender.name}`);
      }
    }
  } finally {
    child.kill();
  }
}

if (process.argv[2] === "peer") peer();
else await main();
