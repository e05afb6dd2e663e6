/**
 * The memory and sockets of this process.
 *
 * @module
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";
import { collectGarbage } from "../benchmarks/runtime.ts";

/** A sample of memory and sockets. */
export interface Sample {
  /** Bytes of the process in memory. */
  readonly rss: number;
  /** Bytes of the heap in use. */
  readonly heap: number;
  /** Open TCP sockets. */
  readonly sockets: number;
}

/**
 * Returns the number of open TCP sockets of this process, including the proxies'; 0 if the system does not report it.
 */
export function sockets(): number {
  try {
    const tcp = new Set(
      readFileSync("/proc/self/net/tcp", "utf8").split("\n").slice(1).map((line) =>
        line.trim().split(/\s+/)[9]
      ),
    );
    return readdirSync("/proc/self/fd").filter((descriptor) => {
      try {
        const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`)) ?? [];
        return inode !== undefined && tcp.has(inode);
      } catch {
        return false; // closed meanwhile
      }
    }).length;
  } catch {
    return 0;
  }
}

/** Collects garbage, where it may, and measures. */
export function measure(): Sample {
  collectGarbage();
  const { rss, heapUsed } = process.memoryUsage();
  return { rss, heap: heapUsed, sockets: sockets() };
}

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
}

/** The last quarter of the samples over the second one: the first is the warm-up. */
export function growth(samples: readonly Sample[], of: "rss" | "heap"): number {
  const half = Math.floor(samples.length / 2);
  const quarter = Math.floor(samples.length / 4);
  const part = (from: number, to?: number): number => median(samples.slice(from, to).map((one) => one[of]));
  return part(-Math.max(quarter, 1)) / Math.max(part(quarter, Math.max(half, quarter + 1)), 1);
}
