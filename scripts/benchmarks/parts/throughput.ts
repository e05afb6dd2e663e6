/**
 * The throughput of `bench/results.json` as a part, with rows.
 *
 * @module
 */
import type { Results } from "../results.ts";
import type { Row } from "../row.ts";
import type { Part } from "./part.ts";

/** The part whose script writes its own file. */
export const THROUGHPUT: Part = {
  name: "throughput",
  file: "results.json",
  title: "Throughput",
  about:
    "Commands a second: medians of rounds in which the clients take turns. The ratios are medians of the ratios within a " +
    "round. `no client` sends constant bytes over the same socket.",
  script: "bench.ts",
  runs: "once",
  minutes: 6,
  metrics: [{ name: "rate", title: "rate", unit: "a second" }],
  lessIsBetter: false,
  aims: [],
};

/** Returns the rows of all workloads. */
export function throughputRows(results: Results): Row[] {
  return results.runtimes.flatMap(({ runtime, compared }) =>
    compared.flatMap(({ title, figures }) =>
      figures.map(({ contender, rate, ratio, cpu }): Row => ({
        runtime,
        what: title,
        contender,
        values: { rate, ratio, cpu },
      }))
    )
  );
}
