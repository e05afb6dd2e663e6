/**
 * Measures one client in a separate process: its saturation, or its latencies at fixed rates.
 *
 * @module
 */
import process from "node:process";
import { openContender, type Place } from "./contenders/mod.ts";
import { timeLoads } from "./open_loop.ts";
import { quantile } from "./statistics.ts";
import { takeTurn } from "./turn.ts";

/** The percentiles by their names in the results. */
export const PERCENTILES: Readonly<Record<string, number>> = {
  p50: 50,
  p75: 75,
  p90: 90,
  p95: 95,
  p99: 99,
  p995: 99.5,
  p999: 99.9,
  p9995: 99.95,
  p9999: 99.99,
};

/** A rate and how long it lasts. */
export interface Step {
  /** Commands a second. */
  readonly rate: number;
  readonly milliseconds: number;
}

/** The parameters of a measurement. */
export interface FixedRateJob {
  readonly place: Place;
  /** The client; none: the generator of the load alone, whose commands do nothing. */
  readonly contender?: string;
  /** None: measures the saturation. */
  readonly steps: readonly Step[];
  /** Milliseconds for warming up before each step, and for the saturation. */
  readonly turn: number;
}

/** The result. */
export interface FixedRate {
  readonly contender: string;
  /** Commands a second. */
  readonly rate: number;
  /** Milliseconds by {@linkcode PERCENTILES}; empty for a saturation. */
  readonly latencies: Readonly<Record<string, number>>;
  /** The lateness of the generator, which is a part of the latency; likewise. */
  readonly lateness: Readonly<Record<string, number>>;
  /** Commands. */
  readonly samples: number;
}

function percentilesOf(times: Float64Array): Record<string, number> {
  const sorted = times.sort();
  return Object.fromEntries(
    Object.entries(PERCENTILES).map(([name, share]) => [name, quantile(sorted, share / 100)]),
  );
}

if (import.meta.main) {
  const { place, contender: name, steps, turn } = JSON.parse(process.argv[2]!) as FixedRateJob;
  const client = name === undefined ? undefined : await openContender(name, "plain", place);
  const nothing = Promise.resolve();
  const get = client === undefined ? () => nothing : () => client.get("bench:key");
  const report = (result: Omit<FixedRate, "contender">): void =>
    console.log(JSON.stringify({ contender: client?.name ?? "generator alone", ...result }));
  await takeTurn(get, 1_000, turn / 2);
  if (steps.length === 0) {
    const { rate } = await takeTurn(get, 1_000, turn);
    report({ rate: Math.round(rate), latencies: {}, lateness: {}, samples: 0 });
  }
  for (const { rate, milliseconds } of steps) {
    await timeLoads([{ run: get, rate }], turn / 2);
    const [timed] = await timeLoads([{ run: get, rate }], milliseconds);
    const { latencies, lateness } = timed!;
    report({
      rate,
      latencies: percentilesOf(latencies),
      lateness: percentilesOf(lateness),
      samples: latencies.length,
    });
  }
  await client?.close();
  process.exit(0);
}
