/**
 * One contender's turn at one workload.
 *
 * @module
 */
import { cpuTime } from "./runtime.ts";

/** The result of a turn. */
export interface Turn {
  /** Operations a second. */
  readonly rate: number;
  /** Microseconds of processor time an operation, of the whole process. */
  readonly cpu: number;
}

/** Repeats the operation, `together` at a time, for at least that many milliseconds. */
export async function takeTurn(
  operation: (index: number) => Promise<unknown>,
  together: number,
  milliseconds: number,
): Promise<Turn> {
  const cpuBefore = cpuTime();
  const start = performance.now();
  let done = 0;
  let now: number;
  do {
    if (together === 1) {
      await operation(done);
    } else {
      const pending = new Array<Promise<unknown>>(together);
      for (let index = 0; index < together; index++) pending[index] = operation(index);
      await Promise.all(pending);
    }
    done += together;
    now = performance.now();
  } while (now - start < milliseconds);
  return { rate: done / (now - start) * 1000, cpu: (cpuTime() - cpuBefore) / done };
}
