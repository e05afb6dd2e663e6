/**
 * Measures one client in a separate process: its saturation, or its latencies at fixed rates.
 *
 * @module
 */
import process from "node:process";
import { openContender, type Place } from "./contenders/mod.ts";
import { openLoop } from "./open_loop.ts";
import { quantile, rounded } from "./statistics.ts";
import { takeTurn } from "./turn.ts";

/** The quantiles of a chart, as one over the share of the slower commands: 50 %, 75 %, 90 %, 99 %, 99.9 %, 99.99 %. */
export const TAILS: readonly number[] = [2, 4, 10, 100, 1_000, 10_000];

/** The parameters of a measurement. */
export interface FixedRateJob {
  readonly place: Place;
  readonly contender: string;
  /** Commands a second; none: measures the saturation. */
  readonly rates: readonly number[];
  /** Milliseconds for each part. */
  readonly turn: number;
}

/** The result. */
export interface FixedRate {
  readonly contender: string;
  /** Commands a second. */
  readonly rate: number;
  /** Milliseconds at each of {@linkcode TAILS}; none for a saturation. */
  readonly latencies: readonly number[];
}

if (import.meta.main) {
  const { place, contender: name, rates, turn } = JSON.parse(process.argv[2]!) as FixedRateJob;
  const contender = await openContender(name, "plain", place);
  const report = (rate: number, latencies: readonly number[]): void => {
    const result: FixedRate = { contender: contender!.name, rate: rounded(rate), latencies };
    console.log(JSON.stringify(result));
  };
  if (contender !== undefined) {
    const get = () => contender.get("bench:key");
    await takeTurn(get, 1_000, turn / 4);
    if (rates.length === 0) report((await takeTurn(get, 1_000, turn)).rate, []);
    for (const rate of rates) {
      await openLoop([{ run: get, rate }], turn / 4);
      const [measured] = await openLoop([{ run: get, rate }], turn);
      report(rate, TAILS.map((tail) => rounded(quantile(measured!, 1 - 1 / tail))));
    }
    await contender.close();
  }
  process.exit(0);
}
