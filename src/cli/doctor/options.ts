/**
 * The options of a diagnosis.
 *
 * @module
 */
import type { Transport } from "../../transport.ts";
import type { NetworkInspector } from "../inspector.ts";
import type { Finding } from "./diagnosis.ts";

/** The options of a diagnosis. */
export interface DiagnoseOptions {
  /** Opens connections. Default: the runtime's. */
  readonly transport?: Transport;
  /** Resolves names and reads certificates. Default: the runtime's. */
  readonly inspector?: NetworkInspector;
  /** The number of PINGs that measure the latency. Default 1,000. */
  readonly pings?: number;
  /** The limit of each step in milliseconds. Default 5,000. */
  readonly timeout?: number;
  /** Called with each finding, as soon as it is there. */
  readonly onFinding?: (finding: Finding) => void;
}
