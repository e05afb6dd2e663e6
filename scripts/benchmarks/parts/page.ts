/**
 * The tables of `bench/README.md`: each stands between markers and is written from the JSON files.
 *
 * @module
 */
import type { Row } from "../row.ts";
import { readPart, readThroughput } from "./files.ts";
import type { Loss, Part, PartResults, Verdict } from "./part.ts";
import { PARTS } from "./table.ts";
import { THROUGHPUT, throughputRows } from "./throughput.ts";
import { comparedMetrics, compareWith, findLosses, type Group, groupRows, isLoss } from "./verdicts.ts";

const NAMES: Readonly<Record<string, string>> = {
  node: "Node",
  bun: "Bun",
  deno: "Deno",
  keywire: "Keywire",
};
const nameOf = (name: string): string => NAMES[name] ?? name;

/** `1,234`, `12.3`, `0.123`. */
function show(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function ratios(part: Part, group: Group): string {
  return comparedMetrics(part, group.what).flatMap((metric) => {
    const pair = compareWith(group, metric, part.lessIsBetter);
    if (pair === undefined) return [];
    const text = show(pair.ratio < 10 ? Number(pair.ratio.toFixed(2)) : Math.round(pair.ratio));
    return isLoss(pair, part.lessIsBetter) ? `**${text}**` : text;
  }).join(" / ");
}

/** The table of a part: a row for each thing, a column for each contender. */
function drawTable(part: Part, rows: readonly Row[]): string {
  const shown = part.shown ?? [part.metrics[0]!.name];
  const contenders = [...new Set(rows.map(({ contender }) => contender))];
  const groups = groupRows(rows);
  const hasPeers = groups.some((group) =>
    comparedMetrics(part, group.what).some((metric) => compareWith(group, metric, part.lessIsBetter))
  );
  const last = hasPeers ? ["Keywire : best other"] : [];
  const lines = [
    line(["runtime", "what", ...contenders.map(nameOf), ...last]),
    line(["---", "---", ...[...contenders, ...last].map(() => "---:")]),
  ];
  for (const group of groups) {
    const cells = contenders.map((name) => {
      const values = group.rows.find(({ contender }) => contender === name)?.values;
      if (values === undefined) return "";
      // A row with other figures, such as a saturation, has those.
      const isUsual = shown.some((name) => values[name] !== undefined);
      const figures = (isUsual ? shown : part.metrics.map(({ name }) => name)).flatMap((name) =>
        values[name] ?? []
      );
      return figures.map(show).join(" / ");
    });
    const detail = group.detail === undefined ? "" : ` (${group.detail})`;
    lines.push(line([
      nameOf(group.runtime),
      `${group.what}${detail}`,
      ...cells,
      ...hasPeers ? [ratios(part, group)] : [],
    ]));
  }
  return lines.join("\n");
}

function aimLines(aims: readonly Verdict[]): string[] {
  return aims.map(({ aim, runtime, met, of, worst, what }) => {
    const verdict = met === of ? "met" : `**met in ${met} of ${of}**`;
    return `- ${nameOf(runtime)}: ${aim}: ${verdict}; ${of > 1 ? "the worst figure is " : ""}${
      show(worst)
    } (${what}).`;
  });
}

/** The facts about a measurement, at the beginning of its section. */
type About = Pick<PartResults, "date" | "machine" | "server" | "short"> & { readonly load?: number };

function origin(part: Part, { date, machine, server, load, short }: About): string {
  const busy = load === undefined ? "" : `, load average ${load} before it`;
  const file = `[${part.file}](${part.file})`;
  return `${file}, from \`./scripts/bench --parts ${part.name}${short ? " --short" : ""}\` on ${
    date.slice(0, 10)
  } ` +
    `(${machine.processor}, ${machine.cores} cores, ${server}${busy}). ${part.about}`;
}

function lossLine(part: Part, losses: readonly Loss[], rows: readonly Row[]): string[] {
  const compared = groupRows(rows).flatMap((group) =>
    comparedMetrics(part, group.what).filter((metric) => compareWith(group, metric, part.lessIsBetter))
  );
  if (compared.length === 0) return [];
  return [
    `Another client is ahead by more than 3 % in ${losses.length} of ${compared.length} figures (bold).`,
  ];
}

function section(part: Part, about: About, rows: readonly Row[], aims: readonly Verdict[]): string {
  const end = [...lossLine(part, findLosses(part, rows), rows), ...aims.length > 0 ? ["Aims:"] : []];
  return [
    origin(part, about),
    drawTable(part, rows),
    ...end,
    ...aims.length > 0 ? [aimLines(aims).join("\n")] : [],
  ]
    .join("\n\n");
}

/** Returns the sections that the files allow, by name. */
export function writeSections(folder: string): Map<string, string> {
  const sections = new Map<string, string>();
  const results = readThroughput(folder);
  if (results !== undefined) {
    sections.set("throughput", section(THROUGHPUT, results, throughputRows(results), []));
  }
  for (const part of PARTS) {
    const found = readPart(folder, part);
    if (found !== undefined) sections.set(part.name, section(part, found, found.rows, found.aims));
  }
  return sections;
}

const SECTION = /<!-- figures: (\w+) -->\n[^]*?<!-- end of figures -->/g;

/** Returns the page with the present sections, and the names of those that have changed. */
export function updatePage(
  page: string,
  sections: ReadonlyMap<string, string>,
): { page: string; changed: string[] } {
  const changed: string[] = [];
  const updated = page.replace(SECTION, (old, name: string) => {
    const text = sections.get(name);
    const now = text === undefined ? old : `<!-- figures: ${name} -->\n\n${text}\n\n<!-- end of figures -->`;
    if (now !== old) changed.push(name);
    return now;
  });
  const there = new Set([...page.matchAll(SECTION)].map(([, name]) => name!));
  return { page: updated, changed: [...changed, ...[...sections.keys()].filter((name) => !there.has(name))] };
}
