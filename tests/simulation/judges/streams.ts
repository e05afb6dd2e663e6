/**
 * Consumers of streams get everything at least once and acknowledge it; new messages come in the order of the stream,
 * and without claims nothing that was acknowledged comes again.
 *
 * @module
 */
import { type ConsumerRecord, type History, isLossy } from "../history.ts";
import { MapReply } from "../../../src/testing/reply.ts";
import type { SimulatedServer } from "../server.ts";

/** The group of all consumers. */
export const GROUP = "g";

function rows(reply: unknown): string[][] {
  return Array.isArray(reply)
    ? reply.map((row) => (row instanceof MapReply ? row.flat : row as unknown[]).map(String))
    : [];
}

/**
 * Returns the messages that running consumers owe: those that are pending and would be fetched, or are not
 * delivered.
 */
export function owedBy(
  { consumers }: History,
  stream: string,
  server: SimulatedServer | undefined,
): string[] {
  const alive = consumers.filter((one) =>
    one.stream === stream && one.ended === Infinity && one.failed === undefined
  );
  if (alive.length === 0) return [];
  if (server === undefined) return [`${stream} has no server`];
  const key = server.stored(stream);
  if (server.run("EXISTS", key) !== 1) return [];
  const claims = alive.some((one) => one.claims);
  const names = new Set(alive.map(({ consumer }) => consumer));
  const owed = rows(server.run("XPENDING", key, GROUP, "-", "+", "1000"))
    .filter(([, consumer]) => claims || names.has(consumer!))
    .map(([id, consumer]) => `${id} of ${stream} is pending for ${consumer} for ever`);
  const group = rows(server.run("XINFO", "GROUPS", key)).find((row) => row[1] === GROUP);
  const delivered = group?.[group.indexOf("last-delivered-id") + 1] ?? "0";
  const rest = rows(server.run("XRANGE", key, `(${delivered}`, "+"));
  if (rest.length > 0) {
    owed.push(`${rest.length} messages of ${stream} behind ${delivered} are never delivered`);
  }
  return owed;
}

function judgeOne(record: ConsumerRecord, history: History, lossless: boolean): string[] {
  const faults: string[] = [];
  const wrong = (what: string): void => {
    faults.push(`streams: consumer ${record.consumer} (#${record.id}) of client ${record.client} ${what}`);
  };
  const added: Map<number, number[]> = new Map();
  for (const { id, stream, event } of history.added) {
    if (stream !== record.stream) continue;
    const events = added.get(id);
    if (events === undefined) added.set(id, [event]);
    else events.push(event);
  }
  const { code, name } = (record.failed ?? {}) as { code?: string; name?: string };
  if (code === "NOGROUP" || name === "TypeError") wrong(`ended with ${record.failed}`);
  const seen: Set<number> = new Set();
  let last = -1;
  for (const { id, event, origin } of record.got) {
    const events = added.get(id);
    if (events === undefined || events[0]! > event) {
      wrong(`got #${id}, which was not added`);
      continue;
    }
    // What a client adds twice has one number.
    if (events.length > 1 || !lossless) continue;
    if (origin === "new") {
      if (events[0]! < last) wrong(`got #${id} out of order`);
      last = events[0]!;
    }
    if (record.claims) continue;
    if (seen.has(id)) wrong(`got #${id} twice`);
    seen.add(id);
  }
  return faults;
}

/** Judges all consumers. */
export function judgeStreams(history: History): string[] {
  const { consumers, added, flushes, scenario } = history;
  if (consumers.length === 0) return [];
  const lossless = !isLossy(scenario) && flushes.length === 0;
  const faults = consumers.flatMap((one) => judgeOne(one, history, lossless));
  if (!lossless) return faults;
  for (const stream of new Set(consumers.map((one) => one.stream))) {
    const all = consumers.filter((one) => one.stream === stream);
    const got = new Set(all.flatMap((one) => one.got.map(({ id }) => id)));
    const alive = all.filter(({ ended, failed }) => ended === Infinity && failed === undefined);
    // Without claims, messages that another consumer has had and not acknowledged stay with it.
    const whole = alive.some(({ claims }) => claims) ||
      (alive.length > 0 && alive.length === all.length);
    for (const { id, stream: at } of whole ? added : []) {
      if (at === stream && !got.has(id)) faults.push(`streams: #${id} of ${stream} was never delivered`);
    }
    if (all.some(({ claims }) => claims)) continue;
    for (const one of all) {
      // An earlier run of the same consumer may be finishing while it begins: what that has in hand is pending for both.
      const acked = new Set<number>();
      const earlier = all.flatMap((other) =>
        other.acked.filter(({ event }) =>
          other === one || other.consumer !== one.consumer || event < one.began
        )
      );
      for (const { id, event } of one.got) {
        if (added.filter((entry) => entry.id === id).length !== 1 || acked.has(id)) continue;
        if (!earlier.some((ack) => ack.id === id && ack.event < event)) continue;
        acked.add(id);
        faults.push(`streams: consumer ${one.consumer} got #${id} of ${stream} after its acknowledgement`);
      }
    }
  }
  return faults;
}
