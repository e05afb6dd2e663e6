/**
 * A diagnosis as text.
 *
 * @module
 */
import type { Diagnosis, Finding, Verdict } from "./diagnosis.ts";
import { drawHistogram, formatTime } from "./latency.ts";

const MARKS: Readonly<Record<Verdict, string>> = { ok: "ok", warning: "WARN", failure: "FAIL", skipped: "-" };
const COLORS: Readonly<Record<Verdict, number>> = { ok: 32, warning: 33, failure: 31, skipped: 90 };

/** Width of the column of steps. */
const WIDTH = 14;

/** A finding as a line; in color on a terminal. */
export function printFinding({ step, verdict, message, time }: Finding, color: boolean): string {
  const mark = MARKS[verdict].padEnd(4);
  const shown = color ? `\x1b[${COLORS[verdict]}m${mark}\x1b[0m` : mark;
  const took = verdict === "skipped" ? "" : ` (${formatTime(time)})`;
  return `${shown}  ${step.padEnd(WIDTH)} ${message}${took}\n`;
}

const SUMMARY: Readonly<Record<Diagnosis["verdict"], string>> = {
  ok: "All is well.",
  warning: "It works, with warnings.",
  failure: "Something is wrong.",
};

/** The histogram, the summary, and what to do. */
export function printSummary({ target, verdict, findings, latency }: Diagnosis): string {
  const advice = findings.filter((finding) => finding.advice !== undefined)
    .map(({ step, code, advice }) => `  ${step} (${code}): ${advice}\n`).join("");
  const histogram = latency === undefined ? "" : `\nLatency of PING\n${drawHistogram(latency)}`;
  return `${histogram}\n${target}: ${SUMMARY[verdict]}\n${advice === "" ? "" : `Next steps:\n${advice}`}`;
}
