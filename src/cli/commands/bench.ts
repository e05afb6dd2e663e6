/**
 * `bench`: a short benchmark against the user's own server.
 *
 * @module
 */
import type { CliCommand } from "../command.ts";
import { EXIT } from "../exit.ts";
import { connectTo } from "../connect.ts";
import { drawHistogram, formatTime, summarize } from "../doctor/latency.ts";
import { readFlag, readNumber } from "../read_options.ts";

/** A call of the client. */
type Call = (key: string, value: string) => Promise<unknown>;

/** The result of one workload. */
interface Result {
  readonly name: string;
  readonly concurrency: number;
  readonly perSecond: number;
  readonly latency: ReturnType<typeof summarize>;
}

/** Calls as often as it can for so long, `concurrency` at a time. */
async function run(
  name: string,
  call: Call,
  concurrency: number,
  { duration, keys, value, stop }: {
    readonly duration: number;
    readonly keys: readonly string[];
    readonly value: string;
    readonly stop: AbortSignal;
  },
): Promise<Result> {
  const times: number[] = [];
  const begin = performance.now();
  const end = begin + duration;
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let start = performance.now(); start < end && !stop.aborted; start = performance.now()) {
      await call(keys[next++ % keys.length]!, value);
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const seconds = (performance.now() - begin) / 1_000;
  return {
    name,
    concurrency,
    perSecond: times.length / seconds,
    latency: summarize(times.length > 0 ? times : [0]),
  };
}

const NUMBER = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

function print({ name, concurrency, perSecond, latency: { p50, p99, max } }: Result): string {
  const rate = `${NUMBER.format(perSecond)}/s`;
  const times = `p50 ${formatTime(p50)}, p99 ${formatTime(p99)}, longest ${formatTime(max)}`;
  return `${name.padEnd(6)}${String(concurrency).padStart(6)} at a time  ${rate.padStart(12)}  ${times}\n`;
}

/** The command. */
export const bench: CliCommand = {
  usage: "URL [options]",
  description:
    `Measures PING, SET and GET against a server, one call at a time and many. It writes 1,000 keys that begin
with "keywire:bench:" and expire within an hour, and deletes them at the end. Other clients feel the load.`,
  options: {
    duration: { value: "MS", short: "d", description: "Milliseconds for each line (default 2000)" },
    concurrency: { value: "N", short: "c", description: "Calls at a time (default 64)" },
    size: { value: "BYTES", description: "Size of values (default 100)" },
    json: { description: "Print the results as JSON" },
  },
  examples: [
    "keywire bench redis://localhost:6379",
    "keywire bench redis://localhost:6379 --duration 10000 -c 256",
  ],
  positionals: [1, 1],
  async run(args, { terminal, transport }) {
    const many = readNumber(args, "concurrency", { least: 1, most: 10_000 }) ?? 64;
    const json = readFlag(args, "json");
    const size = readNumber(args, "size", { most: 1_048_576 }) ?? 100;
    const keys = Array.from({ length: 1_000 }, (_, index) => `keywire:bench:${index}`);
    const plan = {
      duration: readNumber(args, "duration", { least: 1, most: 600_000 }) ?? 2_000,
      keys,
      value: "x".repeat(size),
      stop: terminal.interrupted(),
    };
    const nodes = await connectTo(args.positionals[0]!, transport, plan.stop);
    const { client } = nodes;
    const calls: readonly (readonly [string, Call])[] = [
      ["PING", () => client.ping()],
      ["SET", (key, value) => client.set(key, value, { ex: 3_600 })],
      ["GET", (key) => client.get(key)],
    ];
    const results: Result[] = [];
    try {
      for (const concurrency of many === 1 ? [1] : [1, many]) {
        for (const [name, call] of calls) {
          if (plan.stop.aborted) break;
          const result = await run(name, call, concurrency, plan);
          results.push(result);
          if (!json) terminal.write(print(result));
        }
      }
    } finally {
      // A server that refuses this has refused SET before, which is the error to report.
      await Promise.allSettled(keys.map((key) => client.unlink(key)));
      await nodes.close();
    }
    const last = results.at(-1);
    if (json) terminal.write(`${JSON.stringify(results, undefined, 2)}\n`);
    else if (last) {
      terminal.write(
        `\nLatency of ${last.name}, ${last.concurrency} at a time\n${drawHistogram(last.latency)}`,
      );
    }
    return plan.stop.aborted ? EXIT.interrupted : EXIT.ok;
  },
};
