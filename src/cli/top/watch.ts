/**
 * Samples servers, and clients of this process, until it is ended.
 *
 * @module
 */
import type { Terminal } from "../command.ts";
import { connectTo } from "../connect.ts";
import { clientRow, sampleClients } from "./clients.ts";
import { header, picture, row } from "./draw.ts";
import type { TopOptions, TopView } from "./options.ts";
import { type Sample, Sampler } from "./sample.ts";

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

/** Samples until `count` or the signal ends it. */
export async function watchLoad(
  url: string,
  { interval, count, timeout, signal, clients, onSample, transport }: Required<TopOptions>,
): Promise<void> {
  const nodes = await connectTo(url, transport, signal);
  const sampler = new Sampler(timeout);
  try {
    for (let turn = 0; turn < count && !signal.aborted; turn++) {
      if (turn > 0) await pause(interval, signal);
      if (signal.aborted) break;
      const servers = await Promise.all(nodes.list().map((node) => sampler.sample(node)));
      servers.sort((one, other) => one.name < other.name ? -1 : 1);
      onSample({ servers, clients: sampleClients(clients) });
    }
  } finally {
    await nodes.close();
  }
}

/** Prints views: a picture in a terminal, else a line for each sample. */
export class Screen {
  readonly #terminal: Pick<Terminal, "columns" | "write">;
  readonly #history = new Map<string, readonly Sample[]>();
  #started = false;

  /** Prints to this terminal. */
  constructor(terminal: Pick<Terminal, "columns" | "write">) {
    this.#terminal = terminal;
  }

  /** Prints one view. */
  show({ servers, clients }: TopView): void {
    const { columns } = this.#terminal;
    for (const sample of servers) {
      this.#history.set(sample.name, [...this.#history.get(sample.name) ?? [], sample].slice(-KEPT));
    }
    if (columns === undefined) {
      this.#print(
        (this.#started ? "" : header()) + servers.map(row).join("") + clients.map(clientRow).join(""),
      );
      return;
    }
    const title = `keywire top - ${servers.length} ${servers.length === 1 ? "server" : "servers"}`;
    const begin = this.#started ? CLEAR : HIDE_CURSOR + CLEAR;
    this.#print(begin + picture(title, servers, this.#history, columns, clients));
  }

  /** Shows the cursor again. */
  end(): void {
    if (this.#started && this.#terminal.columns !== undefined) this.#terminal.write(SHOW_CURSOR);
  }

  #print(text: string): void {
    this.#started = true;
    this.#terminal.write(text);
  }
}
