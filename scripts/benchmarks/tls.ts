/**
 * Measures GETs over TLS beside plain ones and beside other clients, in turns: values of 16 characters, 1 KiB, 64 KiB and 1 MiB,
 * and what opening a connection costs with and without a TLS session to resume.
 * `node scripts/benchmarks/tls.ts [--short] [--json]`, also with Deno and Bun.
 *
 * "bare socket" sends the same bytes over the runtime's own sockets and counts those that arrive: the ratio of its two rows is
 * the most that a client can reach on that runtime. The server encrypts in one thread, so the rate is often the server's; the
 * processor time is that of the client's process.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { Redis } from "../../mod.ts";
import { runtimeTransport } from "../../transports/runtime.ts";
import { startServer } from "../../tests/harness/server.ts";
import { readOptions } from "../testing/options.ts";
import { openBare } from "./contenders/bare_socket.ts";
import { type Contender, type Kind, openContender, type Place } from "./contenders/mod.ts";
import { runtimeName } from "./runtime.ts";
import { median, quantile, rounded } from "./statistics.ts";
import { takeTurn, type Turn } from "./turn.ts";

const { values: chosen } = readOptions(
  "Measures GETs over TLS beside plain ones.\n\n    node scripts/benchmarks/tls.ts [--short] [--json]",
  {
    options: {
      short: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      only: { type: "string", default: "" },
    },
  },
);
const rounds = chosen.short ? 3 : 9;
const milliseconds = chosen.short ? 25 : 50;

/** A size of values, and how many are read at once. */
interface Size {
  readonly what: string;
  readonly key: string;
  readonly length: number;
  readonly together: number;
}

const SIZES: readonly Size[] = [
  { what: "GET of 16 characters, 1,000 at once", key: "bench:16", length: 16, together: 1_000 },
  { what: "GET of 1 KiB, 1,000 at once", key: "bench:1k", length: 1_024, together: 1_000 },
  { what: "GET of 64 KiB, 1,000 at once", key: "bench:64k", length: 65_536, together: 1_000 },
  { what: "GET of 1 MiB, 64 at once", key: "bench:1m", length: 1_048_576, together: 64 },
];

await using server = await startServer({
  tls: true,
  config: ['save ""', "client-output-buffer-limit normal 0 0 0"],
});
const place: Place = {
  host: server.host,
  port: server.port,
  tlsPort: server.tlsPort!,
  ca: readFileSync(server.certificates!.caFile, "utf8"),
  clusterPort: 0,
};
{
  await using redis = new Redis({ host: place.host, port: place.port });
  for (const { key, length } of SIZES) await redis.set(key, "x".repeat(length));
}

/** A measured contender. */
interface Measured {
  readonly name: string;
  readonly contender: Pick<Contender, "get" | "close">;
  turns: Turn[];
}

async function measured(name: string, opener: string, kind: Kind): Promise<Measured[]> {
  const contender = opener === "bare"
    ? await openBare(kind, place, new Map(SIZES.map((size) => [size.key, size.length])))
    : await openContender(opener, kind, place);
  return contender === undefined ? [] : [{ name, contender, turns: [] }];
}

const contenders = [
  ...await measured("keywire", "keywire", "tls"),
  ...await measured("keywire, plain", "keywire", "plain"),
  ...await measured("bare socket", "bare", "tls"),
  ...await measured("bare socket, plain", "bare", "plain"),
  ...await measured("ioredis", "ioredis", "tls"),
  ...runtimeName() === "bun" ? await measured("Bun.RedisClient", "bun", "tls") : [],
];

function print(what: string, name: string, values: Record<string, number>, text: string): void {
  const line = { runtime: runtimeName(), what, contender: name, values };
  console.log(chosen.json ? JSON.stringify(line) : `${runtimeName()}: ${what}: ${name.padEnd(20)} ${text}`);
}

for (const { what, key, length, together } of SIZES) {
  if (!what.includes(chosen.only)) continue;
  for (const one of contenders) one.turns = [];
  for (let round = -2; round < rounds; round++) {
    for (const { contender, turns } of round % 2 === 0 ? contenders : [...contenders].reverse()) {
      const turn = await takeTurn(() => contender.get(key), together, milliseconds);
      if (round >= 0) turns.push(turn);
    }
  }
  for (const { name, turns } of contenders) {
    const beside = contenders.find((one) => one.name === `${name}, plain`)?.turns;
    const ratios = (part: (turn: Turn, other: Turn) => number): number[] =>
      beside === undefined ? [] : turns.map((turn, at) => part(turn, beside[at]!));
    const rates = ratios((turn, other) => turn.rate / other.rate);
    const cpus = ratios((turn, other) => other.cpu / turn.cpu);
    const rate = median(turns.map((turn) => turn.rate));
    const cpu = median(turns.map((turn) => turn.cpu));
    const ofPlain = beside !== undefined && {
      ofPlain: rounded(median(rates)),
      low: rounded(quantile(rates, 0.25)),
      high: rounded(quantile(rates, 0.75)),
      cpuOfPlain: rounded(median(cpus)),
    };
    print(
      what,
      name,
      { rate: rounded(rate), cpu: rounded(cpu), ...ofPlain },
      `${rate.toFixed(0).padStart(8)} a second (${(rate * length / 1e6).toFixed(0)} MB/s), ` +
        `${cpu.toFixed(2)} us of processor time` +
        (ofPlain
          ? `; of plain ${ofPlain.ofPlain} (${ofPlain.low} to ${ofPlain.high}), by processor time ${ofPlain.cpuOfPlain}`
          : ""),
    );
  }
}
for (const { contender } of contenders) await contender.close();

/** Connects, sends PING and closes. */
async function connectOnce(sessionResumption: boolean): Promise<void> {
  const replied = Promise.withResolvers<void>();
  const socket = await runtimeTransport.connect(
    { host: place.host, port: place.tlsPort, tls: { ca: place.ca, sessionResumption } },
    {},
    { data: () => replied.resolve(), close: () => replied.resolve() },
  );
  await socket.write(new TextEncoder().encode("PING\r\n"));
  await replied.promise;
  socket.destroy();
}

const connects: readonly (readonly [name: string, sessionResumption: boolean])[] = [
  ["keywire", true],
  ["keywire, full handshake", false],
];
const what = "connecting again";
if (what.includes(chosen.only)) {
  const turns = connects.map((): Turn[] => []);
  for (let round = -2; round < rounds; round++) {
    for (let turn = 0; turn < 2; turn++) {
      const which = round % 2 === 0 ? turn : 1 - turn;
      const measured = await takeTurn(() => connectOnce(connects[which]![1]), 1, milliseconds);
      if (round >= 0) turns[which]!.push(measured);
    }
  }
  connects.forEach(([name], index) => {
    const time = median(turns[index]!.map(({ rate }) => 1e6 / rate));
    const cpu = median(turns[index]!.map((turn) => turn.cpu));
    const ofFull = median(turns[index]!.map(({ rate }, at) => turns[1]![at]!.rate / rate));
    print(
      what,
      name,
      { time: rounded(time), cpu: rounded(cpu), ofFull: rounded(ofFull) },
      `${time.toFixed(0)} us, ${cpu.toFixed(0)} us of processor time; of a full handshake ${
        ofFull.toFixed(2)
      }`,
    );
  });
}
process.exit(0);
