/**
 * The chart of latencies at fixed rates, in the form of HdrHistogram: percentiles and milliseconds on logarithmic axes.
 *
 * @module
 */
import { COLOURS } from "./chart.ts";
import { PERCENTILES } from "./fixed_rate_job.ts";
import type { Row } from "./row.ts";

const NAMES: Readonly<Record<string, string>> = { node: "Node", bun: "Bun", deno: "Deno" };
const TITLE = "Latency of GETs at fixed rates, by percentile";
const WIDTH = 250;
const HEIGHT = 150;
const GAP = 54;
const LEFT = 54;
const TOP = 84;
/** Milliseconds at the bottom and at the top. */
const LOW = 0.01;
const HIGH = 1_000;
/** The percentiles below the axis; the others would stand too close. */
const MARKED: ReadonlySet<string> = new Set(["p50", "p90", "p99", "p999", "p9999"]);
const COLUMNS: readonly string[] = [20, 50, 80].flatMap((load) =>
  ["the slowest client's", "Keywire's own"].map((whose) => `${load} % of ${whose} saturation`)
);

const tailOf = (share: number): number => 100 / (100 - share);
const across = (share: number): number => Math.log(tailOf(share) / 2) / Math.log(5_000) * WIDTH;
const down = (ms: number): number =>
  HEIGHT - Math.log(Math.min(HIGH, Math.max(LOW, ms)) / LOW) / Math.log(HIGH / LOW) * HEIGHT;
const colourOf = (name: string): string => COLOURS[name] ?? "#868e96";

/** The curve of a row, as far as ten samples or more are beyond a percentile. */
function drawCurve({ contender, values }: Row, x: number, y: number): string {
  const points = Object.entries(PERCENTILES)
    .filter(([name, share]) => values[name] !== undefined && values.samples! >= 10 * tailOf(share))
    .map(([name, share]) => `${(x + across(share)).toFixed(1)},${(y + down(values[name]!)).toFixed(1)}`);
  const style = contender === "generator alone" ? 'stroke-dasharray="3 3"' : 'stroke-width="1.8"';
  return `<polyline points="${points.join(" ")}" fill="none" stroke="${colourOf(contender)}" ${style}/>`;
}

function drawPanel(rows: readonly Row[], x: number, y: number): string {
  const { runtime, what, detail } = rows[0]!;
  const out = [
    `<text x="${x}" y="${y - 18}" class="name">${NAMES[runtime] ?? runtime}, ${detail}</text>`,
    `<text x="${x}" y="${y - 6}">${what}</text>`,
  ];
  for (let power = Math.log10(LOW); power <= Math.log10(HIGH); power++) {
    const at = (y + down(10 ** power)).toFixed(1);
    out.push(`<path d="M${x} ${at}h${WIDTH}" class="grid"/>`);
    out.push(`<text x="${x - 4}" y="${Number(at) + 3}" text-anchor="end">${10 ** power} ms</text>`);
  }
  for (const [name, share] of Object.entries(PERCENTILES)) {
    const at = (x + across(share)).toFixed(1);
    out.push(`<path d="M${at} ${y}v${HEIGHT}" class="grid"/>`);
    if (MARKED.has(name)) {
      out.push(`<text x="${at}" y="${y + HEIGHT + 12}" text-anchor="middle">${share} %</text>`);
    }
  }
  // Ours last, so that it lies above the others.
  for (const row of rows.toReversed()) out.push(drawCurve(row, x, y));
  return out.join("\n");
}

/** Returns an SVG: two rows of panels for each runtime, one column for each load; `about` stands at its end. */
export function drawLatencies(rows: readonly Row[], about: string): string {
  const shown = rows.filter(({ what }) => COLUMNS.includes(what));
  const runtimes = [...new Set(shown.map(({ runtime }) => runtime))];
  const panels = runtimes.flatMap((runtime, at) =>
    COLUMNS.flatMap((what, index) => {
      const panel = shown.filter((row) => row.runtime === runtime && row.what === what);
      const x = LEFT + (index >> 1) * (WIDTH + GAP);
      const y = TOP + (2 * at + index % 2) * (HEIGHT + GAP);
      return panel.length === 0 ? [] : [drawPanel(panel, x, y)];
    })
  );
  const names = [...new Set(shown.map(({ contender }) => contender))];
  const legend = names.map((name, index) =>
    `<text x="${LEFT + index * 128}" y="44" class="name" style="fill:${colourOf(name)}">${name}</text>`
  );
  const [width, height] = [LEFT + 3 * (WIDTH + GAP), TOP + runtimes.length * 2 * (HEIGHT + GAP) + 6];
  const style = "text{font:10px system-ui,sans-serif;fill:#495057}.name{font-size:11.5px;font-weight:600}" +
    ".title{font-size:15px;font-weight:600}.grid{stroke:#e9ecef}";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `role="img" aria-label="${TITLE}">\n<style>${style}</style>\n<rect width="100%" height="100%" fill="#fff"/>\n` +
    `<text x="${LEFT}" y="24" class="title">${TITLE}</text>\n${legend.join("\n")}\n${panels.join("\n")}\n` +
    `<text x="${LEFT}" y="${height - 8}">${about}</text>\n</svg>\n`;
}
