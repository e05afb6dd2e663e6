/**
 * Measures small GETs of one client, alone and beside large replies, in a separate process.
 *
 * @module
 */
import process from "node:process";
import { openContender, type Place } from "./contenders/mod.ts";
import { openLoop } from "./open_loop.ts";
import { quantile, rounded } from "./statistics.ts";

/** The contender that is Keywire without further connections. */
export const ONE_CONNECTION = "keywire-one";

/** The parameters of a measurement. */
export interface HeadOfLineJob {
  readonly place: Place;
  readonly contender: string;
  /** Milliseconds for each part. */
  readonly turn: number;
}

/** The result: milliseconds of small GETs. */
export interface HeadOfLine {
  readonly contender: string;
  readonly beside: string;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The median of the large reads. */
  readonly large: number;
}

if (import.meta.main) {
  const { place, contender: name, turn } = JSON.parse(process.argv[2]!) as HeadOfLineJob;
  const isOne = name === ONE_CONNECTION;
  if (isOne) process.env.KEYWIRE_MULTIPLEXED = "1";
  const contender = (await openContender(isOne ? "keywire" : name, "plain", place))!;
  const small = { run: () => contender.get("small"), rate: 200 };
  let turns = 0;
  const parts = {
    "nothing": undefined,
    "two GETs of 8 MiB a second": () => contender.get(`large:${turns++ % 2}`),
    "two LRANGEs of 200,000 elements a second": () => contender.lrange("list"),
  };
  for (const [beside, run] of Object.entries(parts)) {
    // The client has seen each key three times.
    for (let time = 0; run !== undefined && time < 6; time++) await run();
    await openLoop([small], 200);
    const loads = run === undefined ? [small] : [small, { run, rate: 2 }];
    const [latencies, large = []] = await openLoop(loads, turn);
    const result: HeadOfLine = {
      contender: isOne ? "keywire, one connection" : contender.name,
      beside,
      p50: rounded(quantile(latencies!, 0.5)),
      p99: rounded(quantile(latencies!, 0.99)),
      max: rounded(Math.max(...latencies!)),
      large: large.length === 0 ? 0 : rounded(quantile(large, 0.5)),
    };
    console.log(JSON.stringify(result));
  }
  await contender.close();
  process.exit(0);
}
