/**
 * Results as lines for people.
 *
 * @module
 */
import type { Compared } from "./compare.ts";
import type { Curve } from "./growth.ts";
import type { Retained } from "./retention.ts";
import type { Solo } from "./solo.ts";

/** Contenders at one workload. */
export function showCompared({ title, figures }: Compared): void {
  console.log(`  ${title}: a second, ours : theirs (half of the rounds), microseconds of processor time`);
  for (const { contender, rate, ratio, low, high, cpu } of figures) {
    const spread = contender === "keywire"
      ? ""
      : `${ratio.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
    console.log(`    ${contender.padEnd(24)}${count(rate).padStart(12)}  ${spread.padEnd(24)}${cpu}`);
  }
}

/** Contenders alone. */
export function showSolo(all: readonly Solo[]): void {
  console.log(
    "  Alone: p50, p99, p99.9 in ms at a fixed rate; us of processor time, bytes allocated a GET; peak MiB (before)",
  );
  for (const { contender, p50, p99, p999, cpu, allocated, memory, memoryBefore } of all) {
    const times = [p50, p99, p999].map((time) => String(time).padStart(7)).join("");
    const each = `${String(cpu).padStart(8)}${String(allocated ?? "-").padStart(8)}`;
    console.log(
      `    ${contender.padEnd(24)}${times}${each}${mib(memory).padStart(8)} (${mib(memoryBefore)})`,
    );
  }
}

/** Prints the growth of costs. */
export function showCurve({ title, points }: Curve): void {
  const parts = points.map(([size, cost]) => `${count(size)}: ${cost}`);
  console.log(`  ${title}, microseconds each: ${parts.join("  ")}`);
}

/** Prints the memory of kept values. */
export function showRetained({ title, kept, bytes }: Retained): void {
  console.log(`  ${title}: ${count(kept)} kept values hold ${bytes} bytes each`);
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
