/**
 * The chart at the top of the README: three workloads on three runtimes, readable on a phone and in dark mode.
 *
 * @module
 */
import type { Compared } from "./compare.ts";
import type { Results } from "./results.ts";

/** Workloads by their ids in `bench/results.json`, with the words for readers. */
const WORKLOADS: readonly (readonly [string, string])[] = [
  ["get-1000", "GET, 1,000 concurrent calls"],
  ["pipeline-1000", "Pipeline of 1,000 GETs"],
  ["get-1", "GET, one call at a time"],
];
const NAMES: Readonly<Record<string, string>> = { node: "Node", bun: "Bun", deno: "Deno" };
const PEERS: readonly string[] = [
  "ioredis",
  "ioredis, autopipelined",
  "node-redis",
  "valkey-glide",
  "Bun.RedisClient",
];

/** Narrow, so that the text keeps its size on a phone. */
const WIDTH = 400;
const LEFT = 14;
const BAR = 18;
const LABEL = 160;
const STYLE = "text{font:14px system-ui,sans-serif;fill:#1f2328}.title{font-size:15px;font-weight:600}" +
  ".runtime{font-weight:600;font-size:15px}.small{font-size:12.5px;fill:#59636e}.ours{fill:#d9480f}.peer{fill:#afb8c1}" +
  ".back{fill:#ffffff}" +
  "@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.small{fill:#9198a1}.ours{fill:#f76707}.peer{fill:#656c76}" +
  ".back{fill:#0d1117}}";

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const label = (x: number, y: number, text: string, kind = ""): string =>
  `<text x="${x}" y="${y}"${kind && ` class="${kind}"`}>${escape(text)}</text>`;

/** The fastest of the other clients, and how many times as fast Keywire is. */
function bestPeer(compared: Compared): { readonly name: string; readonly ratio: number } | undefined {
  const peers = compared.figures.filter(({ contender }) => PEERS.includes(contender));
  const best = peers.toSorted((one, other) => one.ratio - other.ratio)[0];
  return best && { name: best.contender, ratio: best.ratio };
}

/** Draws the chart: for each workload and runtime, Keywire and the fastest other client. */
export function drawSummary(results: Results): string {
  const out: string[] = [label(LEFT, 28, "Throughput beside the fastest other client", "title")];
  out.push(
    `<rect class="ours" x="${LEFT}" y="42" width="12" height="12" rx="2"/>`,
    label(32, 53, "Keywire", "small"),
  );
  out.push(`<rect class="peer" x="${LABEL}" y="42" width="12" height="12" rx="2"/>`);
  out.push(label(LABEL + 18, 53, "the other client that is named", "small"));
  let y = 66;
  for (const [id, title] of WORKLOADS) {
    y += 20;
    out.push(label(LEFT, y, title, "runtime"));
    y += 10;
    for (const runtime of results.runtimes) {
      const compared = runtime.compared.find((one) => one.id === id);
      const best = compared && bestPeer(compared);
      if (best === undefined) continue;
      const longest = WIDTH - LABEL - 62;
      const scale = longest / Math.max(best.ratio, 1, 8);
      const ours = Math.round(best.ratio * scale);
      const peer = Math.round(scale);
      out.push(label(LEFT, y + BAR, NAMES[runtime.runtime] ?? runtime.runtime));
      out.push(`<rect class="ours" x="${LABEL}" y="${y + 4}" width="${ours}" height="${BAR - 2}" rx="2"/>`);
      out.push(label(LABEL + Math.max(ours, peer) + 8, y + BAR, `x ${best.ratio.toPrecision(2)}`));
      out.push(`<rect class="peer" x="${LABEL}" y="${y + 4 + BAR}" width="${peer}" height="9" rx="2"/>`);
      out.push(label(LEFT + 44, y + BAR, best.name.replace(", autopipelined", " (auto)"), "small"));
      y += BAR + 19;
    }
  }
  const { processor, cores } = results.machine;
  out.push(
    label(
      LEFT,
      y + 22,
      `${results.date.slice(0, 10)}, ${results.server}, ${processor}, ${cores} cores;`,
      "small",
    ),
  );
  out.push(label(LEFT, y + 39, "medians of ratios in one run", "small"));
  const height = y + 52;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" ` +
    `aria-label="Throughput of Keywire beside the fastest other client on each runtime">\n<style>${STYLE}</style>\n` +
    `<rect class="back" width="100%" height="100%" rx="6"/>\n${out.join("\n")}\n</svg>\n`;
}
