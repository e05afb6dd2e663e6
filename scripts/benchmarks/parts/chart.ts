/**
 * The chart of all parts: for each row, how many times as good Keywire is as the best other client, on each runtime. An SVG
 * written by hand.
 *
 * @module
 */
import type { Row } from "../row.ts";
import type { Part } from "./part.ts";
import { comparedMetrics, compareWith, groupRows, isLoss } from "./verdicts.ts";

const TITLE = "Keywire beside the best other client: to the right it is ahead";
const NAMES: Readonly<Record<string, string>> = { node: "Node", bun: "Bun", deno: "Deno" };
const SHAPES: Readonly<Record<string, (x: number, y: number) => string>> = {
  node: (x, y) => `<circle cx="${x}" cy="${y}" r="4.2"`,
  bun: (x, y) => `<rect x="${x - 3.8}" y="${y - 3.8}" width="7.6" height="7.6"`,
  deno: (x, y) => `<path d="M${x - 4.8} ${y + 4}h9.6l-4.8 -8.8z"`,
};
const LEFT = 400;
const WIDTH = 420;
const LINE = 17;
/** The least and the most that the axis shows; points beyond stand at its ends. */
const RANGE = [0.1, 50] as const;
const TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50];

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const text = (x: number, y: number, content: string, more = ""): string =>
  `<text x="${x}" y="${y}" ${more}>${escape(content)}</text>`;
const across = (times: number): number =>
  Math.round(
    LEFT + Math.log(Math.min(RANGE[1], Math.max(RANGE[0], times)) / RANGE[0]) /
        Math.log(RANGE[1] / RANGE[0]) * WIDTH,
  );

/** Draws the figures of a part: each thing and metric with the rows of all runtimes. */
function drawPart(
  part: Part,
  rows: readonly Row[],
  top: number,
): { readonly out: string[]; readonly y: number } {
  const out: string[] = [];
  let y = top;
  const groups = groupRows(rows);
  for (const what of new Set(rows.map((row) => row.what))) {
    for (const metric of comparedMetrics(part, what)) {
      const points = groups.filter((group) => group.what === what).flatMap((group) => {
        const pair = compareWith(group, metric, part.lessIsBetter);
        return pair === undefined ? [] : [{ runtime: group.runtime, pair }];
      });
      if (points.length === 0) continue;
      y += LINE;
      const name = part.metrics.find((one) => one.name === metric)!.title;
      const label = comparedMetrics(part, what).length === 1 ? what : `${what}: ${name}`;
      out.push(text(LEFT - 12, y + 4, label, 'text-anchor="end"'));
      out.push(`<path d="M${LEFT} ${y}h${WIDTH}" class="grid"/>`);
      for (const { runtime, pair } of points) {
        const times = part.lessIsBetter ? 1 / pair.ratio : pair.ratio;
        const kind = isLoss(pair, part.lessIsBetter) ? "loss" : "ahead";
        out.push(`${SHAPES[runtime]!(across(times), y)} class="${kind}"/>`);
      }
    }
  }
  if (y > top) out.unshift(text(LEFT - 12, top, part.title, 'class="name" text-anchor="end"'));
  return { out, y: y > top ? y + LINE + 10 : top };
}

/** Draws the chart; `about` stands at its end. */
export function drawParts(
  parts: readonly { readonly part: Part; readonly rows: readonly Row[] }[],
  about: string,
): string {
  const out: string[] = [text(20, 26, TITLE, 'class="title"')];
  Object.keys(SHAPES).forEach((runtime, index) => {
    const x = 26 + index * 70;
    out.push(`${SHAPES[runtime]!(x, 46)} class="ahead"/>`, text(x + 10, 50, NAMES[runtime]!));
  });
  out.push(
    `${SHAPES.node!(250, 46)} class="loss"/>`,
    text(260, 50, "another client is ahead by more than 3 %"),
  );
  const top = 88;
  let y = top;
  const drawn: string[] = [];
  for (const { part, rows } of parts) {
    const next = drawPart(part, rows, y);
    drawn.push(...next.out);
    y = next.y;
  }
  for (const tick of TICKS) {
    const at = across(tick);
    out.push(`<path d="M${at} ${top - 8}V${y - 10}" class="${tick === 1 ? "one" : "grid"}"/>`);
    out.push(text(at, top - 14, `x ${tick}`, 'text-anchor="middle"'));
  }
  out.push(...drawn, text(20, y + 8, about));
  const [width, height] = [LEFT + WIDTH + 30, y + 22];
  const style = "text{font:11px system-ui,sans-serif;fill:#495057}.title{font-size:15px;font-weight:600}" +
    ".name{font-size:12.5px;font-weight:600}.grid{stroke:#e9ecef}.one{stroke:#868e96}" +
    ".ahead{fill:#d9480f;fill-opacity:.8}.loss{fill:#1c7ed6;fill-opacity:.9}";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `role="img" aria-label="${TITLE}">\n<style>${style}</style>\n<rect width="100%" height="100%" fill="#fff"/>\n` +
    `${out.join("\n")}\n</svg>\n`;
}
