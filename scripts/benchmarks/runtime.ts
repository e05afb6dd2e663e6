/**
 * The facts about the runtime that benchmarks use.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import v8 from "node:v8";

/** `"deno"`, `"bun"` or `"node"`. */
export function runtimeName(): string {
  return "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";
}

/** The version of that. */
export function runtimeVersion(): string {
  return process.versions[runtimeName()] ?? "";
}

/** Microseconds of processor time that this process has used, all threads, user and system. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * Collects all garbage now: Bun can, Node and Deno where they were started with `--expose-gc`. `release`: memory that is
 * free then goes back to the system, the young generation's included, which may have any size up to 32 MiB.
 */
export function collectGarbage(release = false): void {
  const { gc, Bun } = globalThis as {
    gc?: (options?: object) => void;
    Bun?: { gc(force: boolean): void };
  };
  if (Bun !== undefined) Bun.gc(true);
  else gc?.(release ? { type: "major", execution: "sync", flavor: "last-resort" } : undefined);
}

/** The most memory that this process has had, in bytes, as the system counts it. */
export function peakMemory(): number {
  try {
    const line = /VmHWM:\s*(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"));
    if (line !== null) return Number(line[1]) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}

/** Returns the bytes allocated on the heap since the start; undefined if the runtime does not report them (Bun). */
export function allocatedBytes(): number | undefined {
  if (runtimeName() === "bun") return undefined;
  const statistics = v8.getHeapStatistics() as unknown as { readonly total_allocated_bytes?: number };
  return statistics.total_allocated_bytes;
}
