/**
 * What memory a program holds, for programs that a runtime runs with a way to collect garbage.
 *
 * @module
 */
import process from "node:process";

const { Bun, gc } = globalThis as unknown as { Bun?: { gc(force: boolean): void }; gc?: () => void };

/** Bytes in use when all garbage is gone: what stays the same from one collection to the next. */
export async function used(): Promise<number> {
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
