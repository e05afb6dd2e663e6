/**
 * One line of a result, in the form of all JSON files in `bench/` but that of the throughput.
 *
 * @module
 */

/** The figures of one contender at one thing, on one runtime. */
export interface Row {
  /** `"node"`, `"bun"` or `"deno"`. */
  readonly runtime: string;
  /** The measured thing, in words for a table; the same on all runtimes. */
  readonly what: string;
  /** More about it that differs between runtimes. */
  readonly detail?: string;
  /** `"keywire"`, another client, or something else to compare with, such as `"bare socket"`. */
  readonly contender: string;
  /** Medians by the names of metrics. */
  readonly values: Readonly<Record<string, number>>;
}

/** Prints a row as JSON, for `./scripts/bench --parts`. */
export function printRow({ runtime, what, detail, contender, values }: Row): void {
  console.log(JSON.stringify({ runtime, what, detail, contender, values }));
}
