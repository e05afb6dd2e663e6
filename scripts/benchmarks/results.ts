/**
 * The content of `bench/results.json`.
 *
 * @module
 */
import type { Compared } from "./compare.ts";
import type { Curve } from "./growth.ts";
import type { Loss } from "./parts/part.ts";
import type { Retained } from "./retention.ts";
import type { Solo } from "./solo.ts";

/** The results of one runtime. */
export interface RuntimeResults {
  readonly runtime: string;
  readonly version: string;
  /** `redis-benchmark` on one connection, just before: GETs a second by how many are in its pipeline; empty without it. */
  readonly reference: Readonly<Record<string, number>>;
  readonly compared: readonly Compared[];
  readonly solo: readonly Solo[];
  readonly curves: readonly Curve[];
  readonly retained: readonly Retained[];
}

/** A whole run. */
export interface Results {
  /** ISO 8601. */
  readonly date: string;
  readonly seconds: number;
  /** The load average of the minute before the beginning: what else the machine did. */
  readonly load?: number;
  readonly short: boolean;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly server: string;
  /** The versions of the runtimes and the other clients. */
  readonly versions: Readonly<Record<string, string>>;
  /** The workloads in which another client is ahead by more than 3 %. */
  readonly losses?: readonly Loss[];
  readonly runtimes: readonly RuntimeResults[];
}
