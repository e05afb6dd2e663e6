/**
 * Subscribers get no message twice, none out of order, and each hole lies inside a reported gap.
 *
 * @module
 */
import { type History, isLossy, type Published, type SubscriberRecord } from "../history.ts";

/** Messages that are published at the end, to see that every subscription stands again, have numbers from here on. */
export const MARKERS = 900_000_000;

function matches(pattern: string, channel: string): boolean {
  const expression = pattern.replaceAll("*", ".*").replaceAll("?", ".");
  // Sharded messages do not come to patterns.
  return !/^s\d/.test(channel) && new RegExp(`^${expression}$`).test(channel);
}

function judgeOne(
  subscriber: SubscriberRecord,
  published: readonly Published[],
  end: number,
  { ordered, mayEnd }: { readonly ordered: boolean; readonly mayEnd: boolean },
): string[] {
  const faults: string[] = [];
  const name = `subscriber #${subscriber.id} of client ${subscriber.client}`;
  for (const channel of subscriber.channels) {
    const sent = published.filter((one) =>
      subscriber.pattern ? matches(channel, one.channel) : one.channel === channel
    );
    const place = new Map(sent.map(({ id }, at) => [id, at]));
    // Before its confirmation it may get messages or not; from then on all.
    let due = sent.findLastIndex(({ event }) => event < subscriber.confirmed);
    let last = -1;
    let gap = false;
    for (const heard of subscriber.heard) {
      if (heard === "gap") {
        gap = true;
        continue;
      }
      if (heard.channel !== channel) continue;
      const at = place.get(heard.id);
      if (at === undefined) {
        faults.push(`subscriptions: ${name} got #${heard.id} on ${channel}, which was never published`);
        continue;
      }
      if (!ordered) continue;
      if (at <= last) {
        faults.push(`subscriptions: ${name} got #${heard.id} on ${channel} twice or out of order`);
      } else if (at > due + 1 && !gap) {
        const hole = `#${sent[due + 1]!.id} to #${sent[at - 1]!.id}`;
        faults.push(`subscriptions: ${name} missed ${hole} on ${channel}, and was told of no gap`);
      }
      last = due = Math.max(last, at);
      gap = false;
    }
    // The markers of the end are published when all is in order again.
    const marker = sent.at(-1);
    if (
      marker !== undefined && marker.id >= MARKERS && subscriber.ended > end &&
      subscriber.confirmed < marker.event &&
      subscriber.failed === undefined &&
      !(gap && mayEnd && (subscriber.lastGap ?? Infinity) > marker.event) &&
      (ordered
        ? last !== sent.length - 1
        : !subscriber.heard.some((heard) => heard !== "gap" && heard.id === marker.id))
    ) {
      faults.push(`subscriptions: ${name} never got the last message on ${channel}, #${marker.id}`);
    }
  }
  return faults;
}

/** Judges all subscribers; those of the end of the world are `end`. */
export function judgeSubscriptions({ subscribers, published, scenario }: History): string[] {
  const end = published.at(-1)?.event ?? Infinity;
  // A client that repeats what may have run publishes a message twice; those are not judged.
  const times: Map<number, number> = new Map();
  for (const { id } of published) times.set(id, (times.get(id) ?? 0) + 1);
  const once = published.filter(({ id }) => times.get(id) === 1);
  // Servers that do not reach each other, or learn of each other late, pass messages on late or not at all.
  const { servers } = scenario;
  const ordered = !isLossy(scenario) && (servers === undefined || servers.gossip + servers.lag === 0);
  return subscribers.flatMap((subscriber) => {
    const heard = subscriber.heard.filter((one) => one === "gap" || (times.get(one.id) ?? 1) === 1);
    // A connection may reach its lifetime just when all is in order again.
    const mayEnd = scenario.clients[subscriber.client]!.options.maxLifetime !== undefined;
    return judgeOne({ ...subscriber, heard }, once, end, { ordered, mayEnd });
  });
}
