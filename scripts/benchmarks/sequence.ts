/**
 * Measures values of 1 MiB after other workloads in the same process, as programs have them: `./scripts/bench` gives each workload
 * another process. Each client of the runtime runs the usual small workloads first; then they take turns.
 *
 * `node scripts/benchmarks/sequence.ts [--short] [--json]`, likewise with Deno and Bun. `--alone` leaves the small workloads out.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import { startServer } from "../../tests/harness/server.ts";
import { type Contender, openContenders } from "./contenders/mod.ts";
import { fill } from "./fill.ts";
import { printRow } from "./row.ts";
import { runtimeName } from "./runtime.ts";
import { median, quantile, rounded } from "./statistics.ts";
import { takeTurn, type Turn } from "./turn.ts";
import { BIG } from "./values.ts";
import { WORKLOADS } from "./workloads.ts";

const short = process.argv.includes("--short");
const asJson = process.argv.includes("--json");
const alone = process.argv.includes("--alone");
const ROUNDS = short ? 9 : 21;
const TURN = 30;
const EARLIER = [
  "get-1",
  "get-64",
  "get-1000",
  "set-1000",
  "pipeline-1000",
  "lrange-1000",
  "hgetall-100",
  "mget-100",
];
const BIG_BYTES = Buffer.from(BIG);

/** Returns the operation of a contender, if it can do it. */
const MEASURED: Record<string, (contender: Contender) => (() => Promise<unknown>) | undefined> = {
  "GET of 1 MiB, text": (contender) => () => contender.get("bench:big"),
  "GET of 1 MiB, bytes": (contender) => contender.getBytes && (() => contender.getBytes!("bench:big")),
  "SET of 1 MiB, text": (contender) => () => contender.set("bench:big:written", BIG),
  // Each of the clients takes a Buffer as well.
  "SET of 1 MiB, bytes": (contender) => () =>
    contender.set("bench:big:written", BIG_BYTES as unknown as string),
};

await using server = await startServer({ config: ['save ""'] });
const place = { host: server.host, port: server.port, tlsPort: 0, ca: "", clusterPort: 0 };
await fill(place);
const contenders = (await openContenders("plain", place)).filter(({ only }) => only === undefined);

if (!alone) {
  for (const { id, together, operation } of WORKLOADS) {
    if (!EARLIER.includes(id)) continue;
    for (let round = 0; round < 3; round++) {
      for (const contender of contenders) {
        const run = operation(contender);
        if (run !== undefined) await takeTurn(run, together, TURN);
      }
    }
  }
}

for (const [what, operationOf] of Object.entries(MEASURED)) {
  const able = contenders.flatMap((contender) => {
    const operation = operationOf(contender);
    return operation === undefined ? [] : [{ name: contender.name, operation, turns: [] as Turn[] }];
  });
  for (let round = -2; round < ROUNDS; round++) {
    // Every other round in the opposite order.
    for (const { operation, turns } of round % 2 === 0 ? able : [...able].reverse()) {
      const turn = await takeTurn(operation, 1, TURN);
      if (round >= 0) turns.push(turn);
    }
  }
  const ours = able[0]!.turns;
  for (const { name, turns } of able) {
    const ratios = turns.map(({ rate }, round) => ours[round]!.rate / rate);
    const values = {
      rate: rounded(median(turns.map(({ rate }) => rate))),
      cpu: rounded(median(turns.map(({ cpu }) => cpu))),
      ratio: rounded(median(ratios)),
      low: rounded(quantile(ratios, 0.25)),
      high: rounded(quantile(ratios, 0.75)),
    };
    if (asJson) printRow({ runtime: runtimeName(), what, contender: name, values });
    else {
      const { rate, cpu, ratio, low, high } = values;
      const beside = `keywire has ${ratio} of its rate (${low} to ${high})`;
      console.log(
        `${runtimeName()}: ${what}: ${name}: ${rate} a second, ${cpu} us of processor time; ${beside}`,
      );
    }
  }
}
for (const contender of contenders) await contender.close();
await server.stop();
process.exit(0);
