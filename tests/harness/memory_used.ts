/**
 * What memory a program holds, for programs that a runtime runs with a way to collect garbage.
 *
 * @module
 */
import process from "node:process";

const { Bun, gc } = globalThis as unknown as { Bun?: { gc(force: boolean): void }; gc?: () => void };

/** Bytes in use when all garbage is gone: what stays the same from one collection to the next. */
async function used(): Promise<number> {
  for (let last = Infinity;;) {
    // Sockets are let go in the turns after their close.
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (Bun !== undefined) Bun.gc(true);
    else gc!();
    const { heapUsed, external } = process.memoryUsage();
    const now = heapUsed + (Bun === undefined ? external : 0);
    if (Math.abs(now - last) < now / 200) return now;
    last = now;
  }
}

/**
 * Repeats a step, at least 3 and at most 12 times, until the median growth of the last three steps is below `limit` bytes.
 * Returns that median, in bytes.
 *
 * A leak grows with each step. Code that is compiled late and buffers that reach their size grow in the first steps, and
 * a collection of old code shrinks a single one; two readings cannot tell these from a leak.
 */
export async function growthOf(step: () => Promise<void>, limit: number): Promise<number> {
  const growths: number[] = [];
  let last = await used();
  for (;;) {
    await step();
    const now = await used();
    growths.push(now - last);
    last = now;
    const median = growths.slice(-3).sort((a, b) => a - b)[1]!;
    if (growths.length >= 12 || growths.length >= 3 && median < limit) return median;
  }
}
