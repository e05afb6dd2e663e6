/**
 * Writes `bench/README.md` and the charts from the JSON files, and checks that they agree with them.
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drawChart } from "../chart.ts";
import { drawLatencies } from "../latency_chart.ts";
import type { Row } from "../row.ts";
import { drawSummary } from "../summary_chart.ts";
import { drawParts } from "./chart.ts";
import { readPart, readThroughput } from "./files.ts";
import { updatePage, writeSections } from "./page.ts";
import type { Part, PartResults } from "./part.ts";
import { PARTS } from "./table.ts";
import { THROUGHPUT, throughputRows } from "./throughput.ts";

const PAGE = "README.md";

function about({ date, server, machine }: Pick<PartResults, "date" | "server" | "machine">): string {
  const { processor, cores, system } = machine;
  return `${date.slice(0, 10)}, ${server}, ${processor}, ${cores} cores, ${system}`;
}

/** Returns the charts that the files allow, by name. */
function drawAll(folder: string): Map<string, string> {
  const charts = new Map<string, string>();
  const parts: { part: Part; rows: readonly Row[] }[] = [];
  const results = readThroughput(folder);
  if (results !== undefined) {
    charts.set("chart.svg", drawChart(results));
    charts.set("summary.svg", drawSummary(results));
    parts.push({ part: THROUGHPUT, rows: throughputRows(results) });
  }
  let newest: Pick<PartResults, "date" | "server" | "machine"> | undefined = results;
  for (const part of PARTS) {
    const found = readPart(folder, part);
    if (found === undefined) continue;
    parts.push({ part, rows: found.rows });
    if (newest === undefined || found.date > newest.date) newest = found;
    if (part.name === "latency") charts.set("latency.svg", drawLatencies(found.rows, about(found)));
  }
  if (newest !== undefined) charts.set("parts.svg", drawParts(parts, about(newest)));
  return charts;
}

/** Writes the page and the charts. */
export function writeReport(folder: string): void {
  const path = join(folder, PAGE);
  if (existsSync(path)) {
    writeFileSync(path, updatePage(readFileSync(path, "utf8"), writeSections(folder)).page);
  }
  for (const [name, chart] of drawAll(folder)) writeFileSync(join(folder, name), chart);
}

/** Returns the sections of the page and the charts that do not agree with the JSON files. */
export function findStale(folder: string): string[] {
  const { changed } = updatePage(readFileSync(join(folder, PAGE), "utf8"), writeSections(folder));
  const charts = [...drawAll(folder)].filter(([name, chart]) =>
    !existsSync(join(folder, name)) || readFileSync(join(folder, name), "utf8") !== chart
  );
  return [...changed.map((name) => `the figures of "${name}"`), ...charts.map(([name]) => name)];
}
