/**
 * The chart in the README: rates beside the other clients, and how cost grows. An SVG written by hand, as it is some
 * rectangles and lines.
 *
 * @module
 */
import type { Compared } from "./compare.ts";
import type { Results, RuntimeResults } from "./results.ts";

/** The colours of contenders. */
export const COLOURS: Readonly<Record<string, string>> = {
  keywire: "#d9480f",
  "ioredis": "#4c6ef5",
  "ioredis, autopipelined": "#91a7ff",
  "node-redis": "#2f9e44",
  "Bun.RedisClient": "#ae3ec9",
  "valkey-glide": "#f08c00",
  "no client": "#ced4da",
};
const SHOWN = [
  "get-1",
  "get-64",
  "get-1000",
  "set-1000",
  "pipeline-1000",
  "lrange-1000",
  "mget-100",
  "get-1m",
];
const NAMES: Readonly<Record<string, string>> = { node: "Node", bun: "Bun", deno: "Deno" };
const CURVES = ["#d9480f", "#4c6ef5", "#2f9e44", "#ae3ec9"];

const PANEL = 330;
const LABELS = 140;
const BAR = 9;
const GROUP_GAP = 12;

const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function text(x: number, y: number, content: string, more = ""): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escape(content)}</text>`;
}

/** `1.8 M`, `23 k`, `1.9 k`. */
function short(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(2))} M`;
  return value >= 1000
    ? `${Number((value / 1000).toPrecision(value < 10_000 ? 2 : 3))} k`
    : String(Math.round(value));
}

/** Bars of one workload: rates as multiples of ours, from ratios within rounds, which noise hits less; returns the place below. */
function drawBars(out: string[], { title, figures }: Compared, x: number, y: number): number {
  const best = Math.max(...figures.map(({ ratio }) => 1 / ratio));
  out.push(text(x, y + BAR, title, 'class="workload"'));
  y += BAR + 5;
  for (const { contender, ratio, rate } of figures) {
    const width = Math.max(1, 1 / ratio / best * (PANEL - 90));
    const label = contender === "keywire" ? `${short(rate)} a second` : `x ${(1 / ratio).toPrecision(2)}`;
    const colour = COLOURS[contender] ?? "#868e96";
    out.push(`<rect x="${x}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 2}" fill="${colour}"/>`);
    out.push(text(x + width + 4, y + BAR - 2.5, label, 'class="figure"'));
    y += BAR;
  }
  return y + GROUP_GAP;
}

function drawPanel(
  out: string[],
  { runtime, version, compared }: RuntimeResults,
  x: number,
  y: number,
): number {
  out.push(text(x, y, `${NAMES[runtime] ?? runtime} ${version}`, 'class="runtime"'));
  y += 16;
  for (const id of SHOWN) {
    const one = compared.find((compared) => compared.id === id);
    if (one !== undefined) y = drawBars(out, one, x, y);
  }
  return y;
}

/** Microseconds a unit over size, both logarithmic: flat is linear growth. */
function drawCurves(out: string[], { runtime, curves }: RuntimeResults, x: number, y: number): void {
  const width = PANEL - 50;
  const height = 130;
  const points = curves.flatMap((curve) => curve.points);
  const low = Math.log10(Math.min(...points.map(([, cost]) => cost)));
  const high = Math.log10(Math.max(...points.map(([, cost]) => cost)));
  const px = (size: number) => x + 30 + Math.log10(size) / 6 * width;
  const py = (cost: number) => y + height - (Math.log10(cost) - low) / (high - low || 1) * height;
  out.push(`<rect x="${x + 30}" y="${y}" width="${width}" height="${height}" fill="none" stroke="#ced4da"/>`);
  for (let power = 0; power <= 6; power += 2) {
    out.push(
      text(px(10 ** power), y + height + 12, short(10 ** power), 'class="figure" text-anchor="middle"'),
    );
  }
  for (let power = Math.ceil(low); power <= high; power++) {
    out.push(text(x + 26, py(10 ** power) + 3, `${10 ** power} us`, 'class="figure" text-anchor="end"'));
  }
  curves.forEach((curve, index) => {
    const path = curve.points.map(([size, cost]) => `${px(size).toFixed(1)},${py(cost).toFixed(1)}`).join(
      " ",
    );
    const colour = CURVES[index % CURVES.length];
    out.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>`);
    out.push(
      text(x + 30, y + height + 26 + index * 11, curve.title, `class="figure" style="fill:${colour}"`),
    );
  });
  out.push(
    text(
      x + 30,
      y - 6,
      `Cost a unit on ${NAMES[runtime] ?? runtime}, by how many there are`,
      'class="workload"',
    ),
  );
}

/** The chart of a run. */
export function drawChart(results: Results): string {
  const out: string[] = [];
  const width = PANEL * results.runtimes.length + 20;
  const { processor, cores, system } = results.machine;
  out.push(text(10, 22, "Commands a second beside Keywire (longer is better)", 'class="title"'));
  const contenders = new Set(
    results.runtimes.flatMap(({ compared }) =>
      compared.flatMap(({ figures }) => figures.map((one) => one.contender))
    ),
  );
  let at = 10;
  for (const name of contenders) {
    out.push(`<rect x="${at}" y="34" width="10" height="10" fill="${COLOURS[name] ?? "#868e96"}"/>`);
    out.push(text(at + 14, 43, name, 'class="legend"'));
    at += LABELS;
  }
  const top = 70;
  let bottom = top;
  results.runtimes.forEach((one, index) =>
    bottom = Math.max(bottom, drawPanel(out, one, 10 + index * PANEL, top))
  );
  const curved = results.runtimes.some(({ curves }) => curves.length > 0);
  if (curved) {
    results.runtimes.forEach((one, index) => {
      if (one.curves.length > 0) drawCurves(out, one, 10 + index * PANEL, bottom + 20);
    });
    bottom += 220;
  }
  const about = `${results.date.slice(0, 10)}, ${results.server}, ${processor}, ${cores} cores, ${system}`;
  out.push(text(10, bottom + 14, about, 'class="figure"'));
  const style = "text{font-family:system-ui,sans-serif;fill:#343a40}.title{font-size:15px;font-weight:600}" +
    ".runtime{font-size:13px;font-weight:600}.workload{font-size:10px}.legend{font-size:11px}.figure{font-size:8.5px;fill:#868e96}";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${
    bottom + 26
  }" width="${width}" height="${
    bottom + 26
  }">\n<style>${style}</style>\n<rect width="100%" height="100%" fill="#fff"/>\n${out.join("\n")}\n</svg>\n`;
}
