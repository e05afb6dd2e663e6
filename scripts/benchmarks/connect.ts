/**
 * Measures connect, PING and close, in turns: a bare socket, a client of `/core`, a `Redis`, other clients, and a `Redis`
 * of other checkouts. `node scripts/benchmarks/connect.ts [--json] [--short] [FOLDER...]`, also with Deno and Bun.
 *
 * The bare socket is that of the runtime. It sends HELLO 3, waits for the reply, sends PING, waits, and closes: as many
 * round trips as a client needs. All contenders are warmed by as many connections. With FOLDER it measures no other clients.
 *
 * It prints processor time of the process and time for each connection, as medians, and the ratio to a `Redis` of this
 * checkout. On a busy machine the processor time is closer to what the client does.
 *
 * @module
 */
import net from "node:net";
import { resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { connect } from "../../core.ts";
import * as here from "../../mod.ts";
import { ping } from "../../src/commands/mod.ts";
import { startServer } from "../../tests/harness/server.ts";
import { openContender } from "./contenders/mod.ts";
import { printRow } from "./row.ts";
import { cpuTime, runtimeName } from "./runtime.ts";
import { median } from "./statistics.ts";

const options = process.argv.slice(2);
const json = options.includes("--json");
const short = options.includes("--short");
const folders = options.filter((word) => !word.startsWith("--"));
/** Turns of each contender, and connections of a turn. A turn by the clock would warm few on a busy machine. */
const ROUNDS = short ? 5 : 15;
const TURN = short ? 60 : 120;
const WARM_UP = short ? 500 : 2_000;
const HELLO = new TextEncoder().encode("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n");
const PING = new TextEncoder().encode("*1\r\n$4\r\nPING\r\n");

await using server = await startServer({ config: ['save ""'] });
const place = { host: server.host, port: server.port };

/** Whether a chunk ends the reply to HELLO, which is a map that ends with an empty array, or that to PING. */
function ends(chunk: Uint8Array, reply: string): boolean {
  return new TextDecoder().decode(chunk).endsWith(reply);
}

const GREETED = "*0\r\n";
const PONG = "+PONG\r\n";

/** Connects with the runtime's own sockets. */
async function bare(): Promise<void> {
  const { Deno, Bun } = globalThis as unknown as {
    Deno?: { connect(to: object): Promise<Conn> };
    Bun?: { connect(to: object): Promise<unknown> };
  };
  interface Conn {
    write(bytes: Uint8Array): Promise<number>;
    read(into: Uint8Array): Promise<number | null>;
    close(): void;
  }
  if (Deno !== undefined) {
    const conn = await Deno.connect({ hostname: place.host, port: place.port });
    await conn.write(HELLO);
    const into = new Uint8Array(4_096);
    for (;;) {
      const length = await conn.read(into);
      if (length === null || ends(into.subarray(0, length), PONG)) break;
      if (ends(into.subarray(0, length), GREETED)) await conn.write(PING);
    }
    conn.close();
    return;
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  const data = (socket: { write(bytes: Uint8Array): unknown; end(): unknown }, chunk: Uint8Array): void => {
    if (ends(chunk, PONG)) socket.end();
    else if (ends(chunk, GREETED)) socket.write(PING);
  };
  if (Bun !== undefined) {
    await Bun.connect({
      hostname: place.host,
      port: place.port,
      socket: {
        binaryType: "uint8array",
        open: (socket: { write(bytes: Uint8Array): number }) => void socket.write(HELLO),
        data,
        close: () => resolve(),
      },
    });
  } else {
    const socket = net.connect(place, () => socket.write(HELLO));
    socket.on("data", (chunk: Uint8Array) => data(socket, chunk));
    socket.on("close", () => resolve());
  }
  await promise;
}

type Entry = Pick<typeof here, "Redis">;
const redis = ({ Redis }: Entry) => async (): Promise<void> => {
  const client = new Redis(place);
  await client.ping();
  await client.close();
};
interface Contender {
  readonly name: string;
  /** The title in a table. */
  readonly title: string;
  run(): Promise<unknown>;
}

const all: Contender[] = [
  { name: "keywire", title: "Redis", run: redis(here) },
  { name: "bare socket", title: "bare socket", run: bare },
  {
    name: "/core",
    title: "/core",
    run: async () => {
      const client = await connect(place);
      await client.execute(ping());
      await client.close();
    },
  },
];
for (const folder of folders) {
  const entry = await import(pathToFileURL(resolve(folder, "mod.ts")).href) as Entry;
  all.push({ name: folder, title: `Redis of ${folder}`, run: redis(entry) });
}
if (folders.length === 0) {
  for (const name of ["ioredis", "node-redis", ...runtimeName() === "bun" ? ["bun"] : []]) {
    const peer = await openContender(name, "plain", { ...place, tlsPort: 0, ca: "", clusterPort: 0 });
    if (peer?.connectOnce === undefined) continue;
    all.push({ name: peer.name, title: peer.name, run: () => peer.connectOnce!() });
  }
}

interface Measured {
  readonly cpu: number;
  readonly time: number;
}

/** Connects `count` times, `together` at a time. */
async function turn({ run }: Contender, together: number, count: number): Promise<Measured> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await run();
  };
  const cpuBefore = cpuTime();
  const start = performance.now();
  await Promise.all(Array.from({ length: together }, worker));
  return {
    cpu: (cpuTime() - cpuBefore) / count,
    time: (performance.now() - start) * 1_000 / count,
  };
}

for (const together of [1, 4]) {
  const measured = all.map((): Measured[] => []);
  for (const one of all) await turn(one, together, WARM_UP);
  for (let round = 0; round < ROUNDS; round++) {
    for (let index = 0; index < all.length; index++) {
      const which = round % 2 === 0 ? index : all.length - 1 - index;
      measured[which]!.push(await turn(all[which]!, together, TURN));
    }
  }
  const what = together === 1 ? "one at a time" : `${together} at once`;
  if (!json) console.log(`${runtimeName()}: connect, PING, close, ${what}`);
  all.forEach(({ name, title }, index) => {
    const own = measured[index]!;
    const cpu = median(own.map((one) => one.cpu));
    const time = median(own.map((one) => one.time));
    if (json) {
      const values = { cpu: Math.round(cpu), time: Math.round(time) };
      return printRow({ runtime: runtimeName(), what, contender: name, values });
    }
    const ratio = (by: keyof Measured): string =>
      median(own.map((one, at) => one[by] / measured[0]![at]![by])).toFixed(2);
    console.log(
      `  ${cpu.toFixed(0).padStart(5)} us of processor time (${ratio("cpu")})` +
        `  ${time.toFixed(0).padStart(5)} us (${ratio("time")})  ${title}`,
    );
  });
}
process.exit(0);
