/**
 * The findings of `doctor`, as data.
 *
 * @module
 */

/** The result of a step; `"skipped"` if it does not apply or cannot be checked. */
export type Verdict = "ok" | "warning" | "failure" | "skipped";

/** The finding of one step. */
export interface Finding {
  /** The checked feature, such as `"TLS"`; in a cluster with the address of the node. */
  readonly step: string;
  /** The result. */
  readonly verdict: Verdict;
  /** The code of the problem, such as `"TLS_EXPIRED"`; absent if there is none. */
  readonly code?: string;
  /** The finding in one sentence, without secrets. */
  readonly message: string;
  /** The recommended fix. */
  readonly advice?: string;
  /** The duration of the step in milliseconds. */
  readonly time: number;
}

/** A histogram of durations, in milliseconds. */
export interface LatencySummary {
  /** The number of round trips. */
  readonly count: number;
  /** The shortest. */
  readonly min: number;
  /** Half of them were at most as long. */
  readonly p50: number;
  /** 99 of 100 were at most as long. */
  readonly p99: number;
  /** The longest. */
  readonly max: number;
  /** The number of samples up to `limit` milliseconds, and above the previous limit. */
  readonly buckets: readonly { readonly limit: number; readonly count: number }[];
}

/** The findings about a server, a cluster, or sentinels with their servers. */
export interface Diagnosis {
  /** The address, without credentials. */
  readonly target: string;
  /** The kind of server; `"unknown"` without a reply. */
  readonly kind: "server" | "cluster" | "sentinels" | "unknown";
  /** The worst verdict of all steps. */
  readonly verdict: "ok" | "warning" | "failure";
  /** The steps in order. */
  readonly findings: readonly Finding[];
  /** The latency of PING, where it was measured. */
  readonly latency?: LatencySummary;
}

/** The finding of a step, without its name and time. */
export type Outcome = Omit<Finding, "step" | "time">;

/** Creates an outcome without a problem. */
export const ok = (message: string): Outcome => ({ verdict: "ok", message });

/** Makes an outcome of a step that does not apply. */
export const skipped = (message: string): Outcome => ({ verdict: "skipped", message });

/** Makes an outcome that may become a problem. */
export const warning = (code: string, message: string, advice: string): Outcome => ({
  verdict: "warning",
  code,
  message,
  advice,
});

/** Makes an outcome that keeps programs from working. */
export const failure = (code: string, message: string, advice: string): Outcome => ({
  verdict: "failure",
  code,
  message,
  advice,
});

/** Collects what steps find. */
export class Report {
  /** The findings so far. */
  readonly findings: Finding[] = [];
  readonly #now: () => number;
  readonly #told: ((finding: Finding) => void) | undefined;
  readonly #hide: (text: string) => string;

  /** `told` is called with each finding; `hide` takes secrets out of texts. */
  constructor(
    now: () => number,
    hide: (text: string) => string,
    told: ((finding: Finding) => void) | undefined,
  ) {
    this.#now = now;
    this.#hide = hide;
    this.#told = told;
  }

  /** Runs a step, and returns whether it did not fail. An error is a failure. */
  async step(name: string, run: () => Promise<Outcome> | Outcome): Promise<boolean> {
    const start = this.#now();
    let outcome: Outcome;
    try {
      outcome = await run();
    } catch (error) {
      outcome = failure(
        "ERROR",
        messageOf(error),
        "read the message; it comes from the server or the runtime",
      );
    }
    this.add(name, outcome, this.#now() - start);
    return outcome.verdict !== "failure";
  }

  /** Adds what a step found. */
  add(step: string, outcome: Outcome, time = 0): void {
    const { advice } = outcome;
    const finding: Finding = {
      step,
      ...outcome,
      message: this.#hide(outcome.message),
      ...advice === undefined ? {} : { advice: this.#hide(advice) },
      time: Math.round(time * 10) / 10,
    };
    this.findings.push(finding);
    this.#told?.(finding);
  }

  /** The worst verdict. */
  get verdict(): Diagnosis["verdict"] {
    for (const verdict of ["failure", "warning"] as const) {
      if (this.findings.some((finding) => finding.verdict === verdict)) return verdict;
    }
    return "ok";
  }
}

/** The message of something thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
