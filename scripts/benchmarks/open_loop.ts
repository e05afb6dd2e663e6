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

/** The times of one load, in milliseconds. */
export interface Timed {
  /** From when each command was due until its reply. */
  readonly latencies: Float64Array;
  /** From when each command was due until the turn of the event loop that sent it: a part of its latency. */
  readonly lateness: Float64Array;
}

/**
 * Runs loads side by side for a time. All commands have their time in advance, and a latency counts from that time, so that a
 * client that stalls does not hide it (coordinated omission). The measurement itself allocates one callback a command.
 */
export async function timeLoads(loads: readonly Load[], milliseconds: number): Promise<Timed[]> {
  const counts = loads.map(({ rate }) => Math.floor(rate * milliseconds / 1_000));
  const measured = counts.map((count): Timed => ({
    latencies: new Float64Array(count),
    lateness: new Float64Array(count),
  }));
  const issued = loads.map(() => 0);
  let left = counts.reduce((sum, count) => sum + count, 0);
  const ended = Promise.withResolvers<void>();
  const start = performance.now();
  const send = (which: number, index: number, now: number): void => {
    const { latencies, lateness } = measured[which]!;
    const due = start + (index + 1) * 1_000 / loads[which]!.rate;
    lateness[index] = Math.max(0, now - due);
    loads[which]!.run().then(() => {
      latencies[index] = Math.max(0, performance.now() - due);
      if (--left === 0) ended.resolve();
    }, ended.reject);
  };
  for (let running = left > 0; running;) {
    const now = performance.now();
    running = false;
    for (let which = 0; which < loads.length; which++) {
      const due = Math.min(counts[which]!, Math.floor((now - start) * loads[which]!.rate / 1_000));
      while (issued[which]! < due) send(which, issued[which]!++, now);
      running ||= issued[which]! < counts[which]!;
    }
    // A turn of the event loop: a timer would add its millisecond.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (left > 0) await ended.promise;
  return measured;
}

/** Runs loads as {@linkcode timeLoads} does; returns the latencies of each in milliseconds. */
export async function openLoop(loads: readonly Load[], milliseconds: number): Promise<number[][]> {
  return (await timeLoads(loads, milliseconds)).map(({ latencies }) => [...latencies]);
}
