/**
 * `top`: a live view of a server, or of the nodes of a cluster.
 *
 * @module
 */
import type { CliCommand } from "../command.ts";
import { connectTo } from "../connect.ts";
import { readNumber } from "../read_options.ts";
import { header, picture, row } from "../top/draw.ts";
import { type Sample, Sampler } from "../top/sample.ts";

/** The samples that are kept for the bars. */
const KEPT = 60;
/** Clears the terminal, and goes to its first line. */
const CLEAR = "\x1b[H\x1b[2J\x1b[3J";
const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";

/** Resolves after so many milliseconds, or when the signal is aborted. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
  });
}

/** The command. */
export const top: CliCommand = {
  usage: "URL [options]",
  description:
    `Shows operations, latency, memory, clients, hit rate and slow commands of a server every second; of each node
for a cluster. In a terminal the view is drawn anew each time; elsewhere each sample is a line. Ctrl-C ends it.`,
  options: {
    interval: { value: "MS", short: "i", description: "Milliseconds between samples (default 1000)" },
    count: { value: "N", short: "n", description: "End after so many samples (default: never)" },
  },
  examples: [
    "keywire top redis://localhost:6379",
    "keywire top redis://localhost:7000 --count 10 > samples.txt",
  ],
  positionals: [1, 1],
  async run(args, { terminal, transport }) {
    const interval = readNumber(args, "interval", { least: 10, most: 3_600_000 }) ?? 1_000;
    const count = readNumber(args, "count", { least: 1 }) ?? Infinity;
    const signal = terminal.interrupted();
    const nodes = await connectTo(args.positionals[0]!, transport);
    const sampler = new Sampler();
    const history = new Map<string, Sample[]>();
    const { columns } = terminal;
    if (columns === undefined) terminal.write(header());
    else terminal.write(HIDE_CURSOR);
    try {
      for (let turn = 0; turn < count && !signal.aborted; turn++) {
        if (turn > 0) await pause(interval, signal);
        if (signal.aborted) break;
        const samples = await Promise.all(nodes.list().map((node) => sampler.sample(node)));
        samples.sort((one, other) => one.name < other.name ? -1 : 1);
        for (const sample of samples) {
          const past = [...history.get(sample.name) ?? [], sample];
          history.set(sample.name, past.slice(-KEPT));
        }
        if (columns === undefined) { for (const sample of samples) terminal.write(row(sample)); }
        else {
          const title = `keywire top - ${samples.length} ${samples.length === 1 ? "server" : "servers"}`;
          terminal.write(CLEAR + picture(title, samples, history, terminal.columns ?? columns));
        }
      }
    } finally {
      if (columns !== undefined) terminal.write(SHOW_CURSOR);
      await nodes.close();
    }
    return 0;
  },
};
