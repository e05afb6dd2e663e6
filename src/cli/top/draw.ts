/**
 * Samples as text.
 *
 * @module
 */
import { formatTime } from "../doctor/latency.ts";
import { clientRow, type ClientSample } from "./clients.ts";
import type { Sample } from "./sample.ts";

const BARS = "▁▂▃▄▅▆▇█";

/** A row of bars for the last values, the highest as tall as a line. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const most = Math.max(...shown);
  return shown.map((value) => BARS[most <= 0 ? 0 : Math.round(value / most * (BARS.length - 1))]).join("");
}

/** A number with three significant digits or so: `"12.3k"`. */
export function formatCount(value: number): string {
  if (value >= 999_950) return `${(value / 1e6).toFixed(1)}M`;
  return value >= 9_999.5 ? `${(value / 1e3).toFixed(1)}k` : value.toFixed(0);
}

/** Bytes as text: `"1.5M"`. */
export function formatMemory(bytes: number): string {
  const units = ["B", "k", "M", "G", "T"];
  const power = Math.min(units.length - 1, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1024)));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)}${units[power]}`;
}

type Column = readonly [title: string, width: number, text: (sample: Sample) => string];

const COLUMNS: readonly Column[] = [
  ["role", 7, ({ role }) => role],
  ["ops/s", 8, ({ operations }) => formatCount(operations)],
  ["ping", 9, ({ latency }) => formatTime(latency)],
  ["memory", 8, ({ memory }) => formatMemory(memory)],
  ["clients", 8, ({ clients }) => formatCount(clients)],
  ["hits", 6, ({ hitRate }) => hitRate === undefined ? "-" : `${Math.round(100 * hitRate)} %`],
  ["slow", 5, ({ slow }) => String(slow)],
];

const NAME = 22;

/** The line of titles. */
export function header(): string {
  return "server".padEnd(NAME) + COLUMNS.map(([title, width]) => title.padStart(width + 1)).join("") + "\n";
}

/** The line of one server. */
export function row(sample: Sample): string {
  const name = sample.name.padEnd(NAME);
  if (sample.error !== undefined) return `${name} ${sample.error}\n`;
  return name + COLUMNS.map(([, width, text]) => text(sample).padStart(width + 1)).join("") + "\n";
}

/** A picture of a terminal: each server with the history of its operations and latency, and clients of this process. */
export function picture(
  title: string,
  samples: readonly Sample[],
  history: ReadonlyMap<string, readonly Sample[]>,
  columns: number,
  clients: readonly ClientSample[] = [],
): string {
  const width = Math.max(10, Math.min(60, columns - 16));
  const cut = (text: string): string => text.length > columns ? `${text.slice(0, columns - 1)}\n` : text;
  const servers = samples.map((sample) => {
    const past = history.get(sample.name) ?? [];
    const lines = ([["ops/s", (one: Sample) =>
      one.operations], ["ping", (one: Sample) => one.latency]] as const)
      .map(([name, value]) => `  ${name.padEnd(6)} ${sparkline(past.map(value), width)}\n`).join("");
    return cut(row(sample)) + (sample.error === undefined ? lines : "");
  }).join("");
  const own = clients.map((client) => cut(clientRow(client))).join("");
  return `${cut(`${title}\n`)}\n${cut(header())}${servers}${own === "" ? "" : `\n${cut("client\n")}${own}`}`;
}
