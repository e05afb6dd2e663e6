/**
 * The report of a soak and its verdict.
 *
 * @module
 */
import type { Choices } from "./choices.ts";
import type { FaultLog } from "./faults.ts";
import type { Verdict } from "./ledger.ts";
import { growth, type Sample } from "./measure.ts";
import type { News } from "./news.ts";
import type { OrderVerdict } from "./order.ts";
import type { Tally } from "./work.ts";

/** Growth after the warm-up that counts as a leak. */
const GROWTH = 1.15;

/** Milliseconds between two that went wrong for reasons of their own. */
const BURST = 1_000;

/** All that was seen. */
export interface Outcome {
  readonly choices: Choices;
  readonly tally: Tally;
  readonly faults: FaultLog;
  readonly verdict: Verdict;
  readonly order: OrderVerdict;
  /** Milliseconds by which the latest write that replication lost followed the replacement of its master. */
  readonly latestLoss: number;
  readonly news: News;
  /** Whether the subscription received the final message. */
  readonly heard: boolean;
  /** The start of the load, by `performance.now()`. */
  readonly started: number;
  readonly samples: readonly Sample[];
  /** Sockets at the end that were not there at the start. */
  readonly left: number;
  /** Milliseconds that closing took. */
  readonly closed: number;
  /** Other failures. */
  readonly complaints: readonly string[];
}

/** More about what went wrong: each burst of it with the faults of that time. */
function details({ verdict, order, tally: { mixedUp, hung }, faults, started }: Outcome): string[] {
  const all = [
    ...mixedUp.map(({ own, reply, at }) => ({ what: `"${reply}" instead of "${own}"`, at })),
    ...hung,
    ...[...verdict.lost, ...order.lost].map(({ key, at }) => ({ what: `lost in ${key}`, at })),
    ...order.disordered.map(({ key, at }) => ({ what: `out of order in ${key}`, at })),
  ].sort((a, b) => a.at - b.at);
  const bursts: { readonly from: number; to: number; readonly what: Set<string>; count: number }[] = [];
  for (const { what, at } of all) {
    const last = bursts.at(-1);
    if (last === undefined || at - last.to > BURST) {
      bursts.push({ from: at, to: at, what: new Set([what]), count: 1 });
    } else {
      last.to = at;
      last.count++;
      last.what.add(what);
    }
  }
  return bursts.map(({ from, to, what, count }) => {
    const [first, last] = [from, to].map((at) => ((at - started) / 1_000).toFixed(2));
    const some = [...what].slice(0, 5).join(", ");
    return `${count} from ${first} to ${last} s: ${some}; from a second before on: ${
      faults.during(from - 1_000, to).join(", ")
    }`;
  });
}

/** Prints it; `true` if all is well. */
export function report(outcome: Outcome): boolean {
  const { choices: { topology, minutes, seed }, tally, faults, verdict, order, news, samples, left, closed } =
    outcome;
  const runtime = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";
  const rss = growth(samples, "rss");
  const heap = growth(samples, "heap");
  const rate = Math.round(tally.operations / minutes / 60);
  console.log(`\n${runtime}, ${topology}, ${minutes} minutes, seed ${seed}`);
  console.log(`operations  ${tally.operations} (${rate} a second), ${tally.rejected} rejected`);
  const list = [...faults.byName()].map(([name, count]) => `${name} ${count}`).join(", ");
  console.log(`faults      ${faults.count}: ${list}`);
  console.log(
    `writes      ${verdict.writes}, ${verdict.acknowledged} acknowledged (${verdict.unreplicated} of them lost by ` +
      `replication, the latest ${
        Math.round(outcome.latestLoss)
      } ms after its master was replaced), ${verdict.unknown.all} unknown (${verdict.unknown.ran} of them ran)`,
  );
  console.log(`in order    ${order.acknowledged} acknowledged, in lists of one caller each`);
  console.log(`messages    ${news.received}, ${news.gaps} gaps`);
  console.log(
    `memory      rss x ${rss.toFixed(2)}, heap x ${heap.toFixed(2)} after the warm-up; ` +
      `sockets left: ${left}; closed in ${Math.round(closed)} ms`,
  );
  // A short run is all warm-up.
  const grown = minutes < 2 ? 1 : Math.max(rss, heap);
  const failures = [
    ...Object.entries({
      "acknowledged writes were lost": verdict.lost.length + order.lost.length,
      "writes ran twice": verdict.doubled + order.doubled,
      "writes ran although they were said not to": verdict.denied + order.denied,
      "writes ran out of order": order.disordered.length,
      "replies went to the wrong caller": tally.mixedUp.length,
      "rejections did not say whether the command ran": tally.silent,
      "calls hung beyond their deadline": tally.hung.length,
      "messages are missing without a gap": news.missed,
      "messages came twice": news.doubled,
      "subscriptions did not come back": outcome.heard ? news.deaf : news.deaf + 1,
      "sockets were left": Math.max(left, 0),
      "per cent: memory grew": grown > GROWTH ? Math.round(grown * 100 - 100) : 0,
      "ms: close() took too long": closed > 6_000 ? Math.round(closed) : 0,
    }).filter(([, count]) => count > 0).map(([what, count]) => `${count} ${what}`),
    ...outcome.complaints,
  ];
  for (const failure of failures) console.log(`FAILED      ${failure}`);
  for (const line of details(outcome)) console.log(`            ${line}`);
  if (failures.length === 0) {
    console.log(
      "ok          nothing lost, nothing doubled, nothing out of order, nothing hung, nothing left",
    );
  }
  return failures.length === 0;
}
