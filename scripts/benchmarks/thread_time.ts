/**
 * The processor time of the main thread.
 *
 * @module
 */
import process from "node:process";

/** The used part of Deno's foreign functions. */
interface Ffi {
  readonly build: { readonly os: string };
  dlopen(file: string, symbols: object): {
    readonly symbols: { clock_gettime(clock: number, time: BigInt64Array): number };
  };
}

const CLOCK_THREAD_CPUTIME_ID = 3;

function make(): () => number {
  const { Deno } = globalThis as unknown as { Deno?: Ffi };
  if (Deno?.build.os === "linux") {
    // Deno's own function counts in steps of 10 ms.
    const { symbols } = Deno.dlopen("libc.so.6", {
      clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
    });
    const time = new BigInt64Array(2);
    return () => {
      symbols.clock_gettime(CLOCK_THREAD_CPUTIME_ID, time);
      return Number(time[0]) * 1000 + Number(time[1]) / 1e6;
    };
  }
  return () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
}

/** Returns the processor time that this thread has used, in milliseconds. */
export const threadTime: () => number = make();
