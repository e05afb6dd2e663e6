/**
 * GETs and SETs beside the other clients of this runtime: all in one run, alternating, medians of the rounds.
 *
 * `node scripts/bench/peers.ts [--concurrent 1000] [--rounds 9] [--server host:port]`, with `deno run -A` or `bun` alike.
 * Without `--server` it starts a server of its own. Absolute rates differ from machine to machine and from minute to
 * minute; the ratios of one run are what counts.
 *
 * @module
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { startServer } from "../../tests/harness/server.ts";
import { type Contender, openContenders } from "./contenders.ts";

const { values } = parseArgs({
  options: {
    concurrent: { type: "string", default: "1000" },
    rounds: { type: "string", default: "9" },
    server: { type: "string" },
  },
});
const concurrent = Number(values.concurrent);
const rounds = Number(values.rounds);

/** Operations a second of one contender, `together` at a time, for at least 150 ms. */
async function rate(operation: () => Promise<unknown>, together: number): Promise<number> {
  const start = performance.now();
  let done = 0;
  do {
    const pending = new Array<Promise<unknown>>(together);
    for (let index = 0; index < together; index++) pending[index] = operation();
    await Promise.all(pending);
    done += together;
  } while (performance.now() - start < 150);
  return done / (performance.now() - start) * 1000;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

async function measure(
  title: string,
  contenders: readonly Contender[],
  operation: (contender: Contender) => Promise<unknown>,
): Promise<void> {
  const rates = contenders.map((): number[] => []);
  // The first round only warms up.
  for (let round = -1; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const measured = await rate(() => operation(contender), concurrent);
      if (round >= 0) rates[index]!.push(measured);
    }
  }
  console.log(
    `${title}, ${concurrent} at once: thousands a second (median of ${rounds}), ours : theirs in each round`,
  );
  for (const [index, contender] of contenders.entries()) {
    const ratios = rates[0]!.map((ours, round) => ours / rates[index]![round]!);
    const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
    const thousands = (median(rates[index]!) / 1000).toFixed(0).padStart(6);
    console.log(`  ${contender.name.padEnd(24)}${thousands}   ${median(ratios).toFixed(2)} (${spread})`);
  }
}

const own = values.server === undefined ? await startServer() : undefined;
const [host, port] = own === undefined ? values.server!.split(":") : [own.host, own.port];
const contenders = await openContenders(host!, Number(port));
await contenders[0]!.set("bench:key", "x".repeat(16));
console.log(
  process.versions.bun
    ? `Bun ${process.versions.bun}`
    : "Deno" in globalThis
    ? "Deno"
    : `Node ${process.version}`,
);
await measure("GET", contenders, (contender) => contender.get("bench:key"));
await measure("SET", contenders, (contender) => contender.set("bench:key", "0123456789abcdef"));
await Promise.all(contenders.map((contender) => contender.close()));
await own?.stop();
process.exit(0);
