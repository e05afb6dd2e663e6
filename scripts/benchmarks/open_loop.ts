/**
 * Commands at fixed rates, whether or not those before have been answered.
 *
 * @module
 */

/** A command and its rate. */
export interface Load {
  /** Sends the command. */
  readonly run: () => Promise<unknown>;
  /** Commands a second. */
  readonly rate: number;
}

/**
 * Runs loads side by side for a time; returns the latencies of each in milliseconds. A latency counts from the time at
 * which the command was due, so that a client that stalls does not hide it (coordinated omission).
 */
export async function openLoop(loads: readonly Load[], milliseconds: number): Promise<number[][]> {
  const measured = loads.map((): number[] => []);
  const issued = loads.map(() => 0);
  const pending: Promise<unknown>[] = [];
  const start = performance.now();
  for (let now = start; now - start < milliseconds; now = performance.now()) {
    loads.forEach(({ run, rate }, index) => {
      const due = Math.floor((now - start) * rate / 1000);
      for (; issued[index]! < due; issued[index]!++) {
        const at = start + (issued[index]! + 1) * 1000 / rate;
        pending.push(run().then(() => void measured[index]!.push(Math.max(0, performance.now() - at))));
      }
    });
    // A turn of the event loop: a timer would add its millisecond.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(pending);
  return measured;
}
