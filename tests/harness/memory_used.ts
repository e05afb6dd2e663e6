/**
 * The memory of a program, for programs that can trigger garbage collection.
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
 * Repeats a step, at least 3 and at most 12 times, until the median growth of the last three steps is below `limit`
 * bytes. Returns that median, in bytes.
 *
 * A leak grows with each step. Late compilation and growing buffers affect the first steps, and a collection of old
 * code affects a single step; the median ignores both.
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
