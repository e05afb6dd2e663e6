/**
 * The chart of latencies at fixed rates, in the form of HdrHistogram: percentiles and milliseconds on logarithmic axes.
 *
 * @module
 */
import { COLOURS } from "./chart.ts";
import { type FixedRate, TAILS } from "./fixed_rate_job.ts";

/** The latencies of all contenders on one runtime at one rate. */
export interface Latencies {
  readonly runtime: string;
  readonly version: string;
  /** The share of the slowest contender's saturation. */
  readonly load: number;
  /** Commands a second. */
  readonly rate: number;
  readonly rows: readonly FixedRate[];
}

const WIDTH = 300;
const HEIGHT = 170;
const GAP = 50;
/** Milliseconds at the bottom and at the top. */
const LOW = 0.1;
const HIGH = 1_000;

const across = (tail: number): number =>
  Math.log(tail / TAILS[0]!) / Math.log(TAILS.at(-1)! / TAILS[0]!) * WIDTH;
const down = (ms: number): number =>
  HEIGHT - Math.log(Math.min(HIGH, Math.max(LOW, ms)) / LOW) / Math.log(HIGH / LOW) * HEIGHT;

function drawPanel({ runtime, load, rate, rows }: Latencies, x: number, y: number): string {
  const out = [
    `<text x="${x}" y="${y - 8}">${runtime}, ${rate.toLocaleString("en")} a second (${load * 100} %)</text>`,
  ];
  for (let ms = LOW; ms <= HIGH; ms *= 10) {
    const at = y + down(ms);
    out.push(`<path d="M${x} ${at.toFixed(1)}h${WIDTH}" stroke="#dee2e6"/>`);
    out.push(
      `<text x="${x - 4}" y="${(at + 3).toFixed(1)}" text-anchor="end">${
        Number(ms.toPrecision(1))
      } ms</text>`,
    );
  }
  for (const tail of TAILS) {
    const share = Number((100 - 100 / tail).toFixed(2));
    out.push(`<text x="${x + across(tail)}" y="${y + HEIGHT + 12}" text-anchor="middle">${share} %</text>`);
  }
  for (const { contender, latencies } of rows) {
    const points = latencies.map((ms, index) =>
      `${(x + across(TAILS[index]!)).toFixed(1)},${(y + down(ms)).toFixed(1)}`
    );
    const colour = COLOURS[contender] ?? "#868e96";
    out.push(`<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="1.5"/>`);
  }
  return out.join("");
}

/** Returns an SVG: one row of panels for each runtime, one column for each load. */
export function drawLatencies(all: readonly Latencies[]): string {
  const runtimes = [...new Set(all.map(({ runtime }) => runtime))];
  const loads = [...new Set(all.map(({ load }) => load))];
  const panels = all.map((one) =>
    drawPanel(
      one,
      GAP + loads.indexOf(one.load) * (WIDTH + GAP),
      60 + runtimes.indexOf(one.runtime) * (HEIGHT + GAP),
    )
  );
  const names = [...new Set(all.flatMap(({ rows }) => rows.map(({ contender }) => contender)))];
  const legend = names.map((name, index) =>
    `<text x="${GAP + index * 150}" y="20" fill="${COLOURS[name] ?? "#868e96"}">${name}</text>`
  );
  const [width, height] = [GAP + loads.length * (WIDTH + GAP), 60 + runtimes.length * (HEIGHT + GAP)];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" ` +
    `font-size="10"><rect width="100%" height="100%" fill="#fff"/>${legend.join("")}${
      panels.join("")
    }</svg>\n`;
}
