/**
 * `top`: a live view of a server, or of the nodes of a cluster.
 *
 * @module
 */
import type { CliCommand } from "../command.ts";
import { readNumber } from "../read_options.ts";
import type { TopView } from "../top/options.ts";
import { Screen, watchLoad } from "../top/watch.ts";

/** The command. */
export const top: CliCommand = {
  usage: "URL [options]",
  description:
    `Shows operations, latency, memory, clients, hit rate and slow commands of a server every second; of each node
for a cluster. In a terminal the view is drawn anew each time; elsewhere each sample is a line. Ctrl-C ends it.`,
  options: {
    interval: { value: "MS", short: "i", description: "Milliseconds between samples (default 1000)" },
    timeout: { value: "MS", description: "Milliseconds to wait for each reply (default 2000)" },
    count: { value: "N", short: "n", description: "End after so many samples (default: never)" },
  },
  examples: [
    "keywire top redis://localhost:6379",
    "keywire top redis://localhost:7000 --count 10 > samples.txt",
  ],
  positionals: [1, 1],
  async run(args, { terminal, transport }) {
    const interval = readNumber(args, "interval", { least: 10, most: 3_600_000 }) ?? 1_000;
    const timeout = readNumber(args, "timeout", { least: 1, most: 600_000 }) ?? 2_000;
    const count = readNumber(args, "count", { least: 1 }) ?? Infinity;
    const signal = terminal.interrupted();
    const screen = new Screen(terminal);
    const onSample = (view: TopView): void => screen.show(view);
    try {
      const options = { interval, count, timeout, signal, clients: {}, onSample, transport };
      await watchLoad(args.positionals[0]!, options);
    } finally {
      screen.end();
    }
    return 0;
  },
};
