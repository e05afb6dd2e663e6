/**
 * A part of the benchmark: a script, what its figures mean, and what is aimed at.
 *
 * @module
 */
import type { Row } from "../row.ts";

/** A figure of each row. */
export interface Metric {
  /** The name in the values of a row. */
  readonly name: string;
  /** Words for a table. */
  readonly title: string;
  readonly unit: string;
}

/** An aim of a part. */
export interface Aim {
  /** The aim in words. */
  readonly text: string;
  /** The compared metric. Default: the first one of the part. */
  readonly metric?: string;
  /** The rows. Default: all. */
  readonly what?: RegExp;
  /** Default: all. */
  readonly runtimes?: readonly string[];
  /** Compares with the best of these contenders; `"peers"` are all other clients. Without it the figure itself counts. */
  readonly beside?: "peers" | readonly string[];
  /** The figure, or its ratio, is at most this (where less is better), or at least this. */
  readonly limit: number;
}

/** A part. */
export interface Part {
  /** The name for `--parts`. */
  readonly name: string;
  /** The file in `bench/`. */
  readonly file: string;
  /** The heading in `bench/README.md`. */
  readonly title: string;
  /** One or two sentences about what was measured. */
  readonly about: string;
  /** The script in `scripts/benchmarks/`. */
  readonly script: string;
  /** Whether the script starts the runtimes itself, or is started on each. */
  readonly runs: "once" | "on each runtime";
  /** More arguments, in the full form. */
  readonly args?: readonly string[];
  /** The budget of the full form, in minutes. The part is ended after twice of that. */
  readonly minutes: number;
  readonly metrics: readonly Metric[];
  /** The names of the metrics in the cells of the table. Default: the first. */
  readonly shown?: readonly string[];
  /** The names of the metrics by which Keywire is compared with the best other client. Default: the first. */
  readonly compared?: readonly string[];
  /** Whether less of them is better. */
  readonly lessIsBetter: boolean;
  /** The rows that are only listed. Default: none. */
  readonly listed?: RegExp;
  readonly aims: readonly Aim[];
}

/** The content of a part's file. */
export interface PartResults {
  readonly name: string;
  readonly title: string;
  /** The command that measures it again. */
  readonly command: string;
  /** ISO 8601. */
  readonly date: string;
  readonly seconds: number;
  readonly short: boolean;
  readonly commit: string;
  readonly machine: Readonly<Record<string, string | number>>;
  /** The load average of the minute before the beginning: what else the machine did. */
  readonly load: number;
  readonly server: string;
  readonly versions: Readonly<Record<string, string>>;
  /** The unit of each metric. */
  readonly units: Readonly<Record<string, string>>;
  /** The rows in which another client is ahead by more than 3 %. */
  readonly losses: readonly Loss[];
  readonly aims: readonly Verdict[];
  readonly rows: readonly Row[];
}

/** A row in which another client is ahead. */
export interface Loss {
  readonly runtime: string;
  readonly what: string;
  readonly metric: string;
  readonly keywire: number;
  /** The best other client. */
  readonly peer: string;
  readonly best: number;
}

/** The result of an aim on a runtime. */
export interface Verdict {
  readonly aim: string;
  readonly runtime: string;
  /** The rows that meet it, and all to which it applies. */
  readonly met: number;
  readonly of: number;
  /** The worst figure or ratio, and its row. */
  readonly worst: number;
  readonly what: string;
}
