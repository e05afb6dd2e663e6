/**
 * The steps over a connection that concern the connection itself: rights, address, latency, clock.
 *
 * @module
 */
import type { Connection } from "../../connection/connection.ts";
import { ReplyError } from "../../errors.ts";
import { type LatencySummary, ok, type Outcome, type Report, skipped, warning } from "./diagnosis.ts";
import { formatTime, summarize } from "./latency.ts";
import { attempt, type Equipment } from "./subject.ts";

/** Harmless commands, and what a client cannot do without them. */
const NEEDED: readonly (readonly [words: readonly string[], what: string])[] = [
  [["PING"], "health checks"],
  [["CLIENT", "ID"], "tracing"],
  [["CLIENT", "TRACKING", "OFF"], "the client-side cache"],
  [["UNSUBSCRIBE", "keywire:doctor"], "subscriptions"],
  [["MULTI"], "transactions"],
  [["DISCARD"], "transactions"],
  [["SCRIPT", "EXISTS", "0000000000000000000000000000000000000000"], "scripts"],
  [["INFO", "replication"], "Sentinel, and the rest of this diagnosis"],
];

async function examineRights(connection: Connection): Promise<Outcome> {
  const refused = new Map<string, string>();
  for (const [words, what] of NEEDED) {
    try {
      await connection.send(words);
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      if (error.code === "NOPERM") refused.set(what, words.slice(0, words[0] === "CLIENT" ? 2 : 1).join(" "));
    }
  }
  if (refused.size === 0) return ok("the user may run the commands that the client needs");
  const list = [...refused].map(([what, command]) => `${command} (${what})`).join(", ");
  return warning(
    "NO_PERMISSION",
    `the user may not run ${list}`,
    "allow the user these commands: ACL SETUSER NAME +COMMAND",
  );
}

async function examineAddress(connection: Connection): Promise<Outcome> {
  const info = String(await attempt(connection, "CLIENT", "INFO") ?? "");
  const field = (name: string): string | undefined => new RegExp(`(?:^| )${name}=(\\S*)`).exec(info)?.[1];
  const user = field("user");
  if (user === undefined) return skipped("CLIENT INFO is not known or not allowed");
  return ok(`user ${user}, client ${field("id")} at ${field("addr")}`);
}

/** Milliseconds from which on half of the round trips are slow. */
const SLOW = 10;
/** Milliseconds from which on one round trip of 100 is slow. */
const SLOW_TAIL = 100;
/** Milliseconds after which no further round trip is measured. */
const MOST_TIME = 5_000;

async function measure(connection: Connection, { pings }: Equipment): Promise<LatencySummary> {
  const durations: number[] = [];
  const begin = performance.now();
  for (let turn = 0; turn < pings; turn++) {
    const start = performance.now();
    if (start - begin > MOST_TIME && durations.length > 0) break;
    await connection.send(["PING"]);
    durations.push(performance.now() - start);
  }
  return summarize(durations);
}

function judgeLatency({ count, p50, p99, max }: LatencySummary): Outcome {
  const message = `${count} PINGs: p50 ${formatTime(p50)}, p99 ${formatTime(p99)}, longest ${
    formatTime(max)
  }`;
  if (p50 > SLOW) {
    return warning(
      "HIGH_LATENCY",
      message,
      "run the program nearer to the server, or send more commands together (pipelines, concurrent calls)",
    );
  }
  if (p99 > SLOW_TAIL) {
    return warning(
      "LATENCY_PEAKS",
      message,
      "look for slow commands (SLOWLOG), forks for snapshots, and a busy machine",
    );
  }
  return ok(message);
}

/** Seconds by which clocks may differ. */
const DRIFT = 1;

async function examineClock(connection: Connection): Promise<Outcome> {
  const before = Date.now();
  const time = await attempt(connection, "TIME") as readonly [string, string] | undefined;
  const after = Date.now();
  if (time === undefined) return skipped("TIME is not allowed");
  const drift = (Number(time[0]) * 1_000 + Number(time[1]) / 1_000 - (before + after) / 2) / 1_000;
  const off = Math.abs(drift);
  if (off <= DRIFT + (after - before) / 2_000) return ok(`differs by ${formatTime(off * 1_000)}`);
  return warning(
    "CLOCK_DRIFT",
    `the server's clock is ${off.toFixed(1)} s ${drift > 0 ? "ahead" : "behind"}`,
    "synchronize the clocks (NTP): EXPIREAT and ids of streams depend on the server's",
  );
}

/** Examines a connection; the latency of PING, where it was measured. */
export async function examineSession(
  report: Report,
  connection: Connection,
  equipment: Equipment,
): Promise<LatencySummary | undefined> {
  let latency: LatencySummary | undefined;
  await report.step("permissions", () => examineRights(connection));
  await report.step("client", () => examineAddress(connection));
  await report.step("latency", async () => {
    return equipment.pings === 0
      ? skipped("not asked for")
      : judgeLatency(latency = await measure(connection, equipment));
  });
  await report.step("clock", () => examineClock(connection));
  return latency;
}
