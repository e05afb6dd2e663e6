/**
 * Measures connect, PING and close: a bare socket that sends HELLO and PING, a client of `/core`, a `Redis`, and those of other
 * checkouts, in turns. `node scripts/benchmarks/connect.ts [FOLDER...]`, also with Deno and Bun.
 *
 * It prints processor time and time for each connection, as medians, and the ratio to a `Redis` of this checkout: on a busy
 * machine the processor time is closer to what the client does.
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
import { runtimeName } from "./runtime.ts";
import { median } from "./statistics.ts";
import { takeTurn } from "./turn.ts";

const ROUNDS = 25;
const TURN = 60;
const HELLO = new TextEncoder().encode("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n*1\r\n$4\r\nPING\r\n");

await using server = await startServer({ config: ['save ""'] });
const place = { host: server.host, port: server.port };

function ends(chunk: Uint8Array): boolean {
  return new TextDecoder().decode(chunk).endsWith("+PONG\r\n");
}

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
      if (length === null || ends(into.subarray(0, length))) break;
    }
    conn.close();
    return;
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  if (Bun !== undefined) {
    await Bun.connect({
      hostname: place.host,
      port: place.port,
      socket: {
        binaryType: "uint8array",
        open: (socket: { write(bytes: Uint8Array): number }) => void socket.write(HELLO),
        data: (socket: { end(): void }, chunk: Uint8Array) => void (ends(chunk) && socket.end()),
        close: () => resolve(),
      },
    });
  } else {
    const socket = net.connect(place, () => socket.write(HELLO));
    socket.on("data", (chunk: Uint8Array) => void (ends(chunk) && socket.end()));
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
const contenders: [name: string, run: () => Promise<void>][] = [
  ["Redis", redis(here)],
  ["bare socket", bare],
  ["/core", async () => {
    const client = await connect(place);
    await client.execute(ping());
    await client.close();
  }],
];
for (const folder of process.argv.slice(2)) {
  const entry = await import(pathToFileURL(resolve(folder, "mod.ts")).href) as Entry;
  contenders.push([`Redis of ${folder}`, redis(entry)]);
}
for (const together of [1, 4]) {
  const cpu = contenders.map((): number[] => []);
  const time = contenders.map((): number[] => []);
  for (let round = -5; round < ROUNDS; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const which = round % 2 === 0 ? turn : contenders.length - 1 - turn;
      const measured = await takeTurn(contenders[which]![1], together, TURN);
      if (round < 0) continue;
      cpu[which]!.push(measured.cpu);
      time[which]!.push(1_000_000 / measured.rate);
    }
  }
  console.log(`${runtimeName()}: connect, PING, close, ${together} at once`);
  contenders.forEach(([name], index) => {
    const ratio = (all: number[][]): string =>
      median(all[index]!.map((one, at) => one / all[0]![at]!)).toFixed(2);
    console.log(
      `  ${median(cpu[index]!).toFixed(0).padStart(5)} us of processor time (${ratio(cpu)})` +
        `  ${median(time[index]!).toFixed(0).padStart(5)} us (${ratio(time)})  ${name}`,
    );
  });
}
process.exit(0);
