/**
 * A cache must not serve a value that was invalidated before the client last received bytes from its server.
 * It must not serve a value that one of its own writes has replaced, or a value later than 100 ms after it
 * expired.
 *
 * @module
 */
import { tagOf, valueOf } from "../commands.ts";
import { TAGS } from "../draw_actions.ts";
import { describeOperation, type History, isLossy, type Operation } from "../history.ts";

/** Milliseconds for which an expired value may be served. */
const LATE = 100;

interface Version {
  readonly value: string | null;
  readonly event: number;
  readonly at: number;
  readonly expires: number;
  readonly client: number;
}

/** Judges the reads of clients with a cache. */
export function judgeCache({ operations, flushes, times, scenario }: History): string[] {
  const cached = scenario.clients.map(({ options }) => Boolean(options.cache));
  if (!cached.some(Boolean) || isLossy(scenario)) return [];
  const writes: Map<string, { operation: Operation; event: number }[]> = new Map();
  for (const operation of operations) {
    const { verb, key } = operation.part;
    if (!/^[kx]/.test(key) || verb === "get" || verb === "range" || operation.how === "pop") continue;
    for (const event of operation.executions) {
      let list = writes.get(key);
      if (list === undefined) writes.set(key, list = []);
      list.push({ operation, event });
    }
  }
  const versions: Map<string, Version[]> = new Map();
  for (const [key, list] of writes) versions.set(key, versionsOf(list, flushes, times));
  const ownWrites = new OwnWrites(operations);
  // Where a slot moves or has moved, no node tells who has read a missing key that another node has written it.
  const moving = new Set(
    scenario.steps.flatMap((step) => {
      if (!("fault" in step)) return [];
      return step.fault === "migrate" ? [step.tag] : step.fault === "reshard" ? TAGS : [];
    }),
  );
  const faults: string[] = [];
  for (const operation of operations) {
    const { part, client, how, outcome, heardAt, called, calledAt, settled, settledAt } = operation;
    if (part.verb !== "get" || how !== "call" || !cached[client] || outcome?.error !== undefined) continue;
    if (outcome === undefined) continue;
    const value = outcome.value as string | null;
    if (value === null && moving.has(tagOf(part.key))) continue;
    const all = versions.get(part.key) ?? [{ value: null, event: -1, at: 0, expires: Infinity, client: -1 }];
    const ownWrite = ownWrites.before(called, client, part.key);
    let fits = false;
    for (let at = all.length - 1; at >= 0 && !fits; at--) {
      const version = all[at]!;
      const next = all[at + 1];
      // It has been replaced, and so have all versions before it.
      if (next !== undefined && (next.at < heardAt || next.event <= ownWrite)) break;
      if (version.event > settled || version.at > settledAt) continue;
      const expired = version.value !== null && version.expires < Infinity;
      const shows = version.value === value || (value === null && expired && version.expires <= settledAt);
      // A read that the server answered while the value was alive may return long after it has expired.
      fits = shows && (value === null || version.expires + LATE >= calledAt);
    }
    if (!fits) {
      faults.push(
        `cache: ${describeOperation(operation)} returned ${JSON.stringify(value)} at ${settledAt} ms; ` +
          `heard from the server at ${heardAt} ms; versions ${
            all.slice(-6).map((one) => `${one.value} at ${one.at} until ${one.expires}`).join(", ")
          }`,
      );
    }
  }
  return faults;
}

/** The writes of each client to each key, for reads in the order of their calls. */
class OwnWrites {
  /** The writes that resolved, the first of them last. */
  readonly #left: Operation[];
  readonly #last: Map<string, number> = new Map();

  constructor(operations: readonly Operation[]) {
    this.#left = operations.filter(({ part: { verb }, executions, outcome, settled }) =>
      verb !== "get" && verb !== "range" && executions.length > 0 && outcome?.error === undefined &&
      settled < Infinity
    ).sort((a, b) => b.settled - a.settled);
  }

  /** Returns the event at which a client's last write to a key ran that had resolved before an event; -1 without one. */
  before(event: number, client: number, key: string): number {
    for (let one = this.#left.at(-1); one !== undefined && one.settled < event; one = this.#left.at(-1)) {
      const name = `${one.client} ${one.part.key}`;
      this.#last.set(name, Math.max(this.#last.get(name) ?? -1, one.executions.at(-1)!));
      this.#left.pop();
    }
    return this.#last.get(`${client} ${key}`) ?? -1;
  }
}

/** The values that a key has had, in order; times are milliseconds. */
export function versionsOf(
  list: readonly { operation: Operation; event: number }[],
  flushes: History["flushes"],
  times: readonly number[],
): Version[] {
  const steps = [
    ...list.map(({ operation, event }) => ({ operation, event })),
    ...flushes.map(({ event }) => ({ operation: undefined, event })),
  ].sort((a, b) => a.event - b.event);
  const versions: Version[] = [{ value: null, event: -1, at: 0, expires: Infinity, client: -1 }];
  for (const { operation, event } of steps) {
    const at = times[event]!;
    const last = versions.at(-1)!;
    const before = last.expires <= at ? null : last.value;
    if (operation === undefined) versions.push({ value: null, event, at, expires: Infinity, client: -1 });
    else {
      const { verb, ttl = 1_000 } = operation.part;
      const written = valueOf(operation.part);
      const value = verb === "del" ? null : verb === "append" ? (before ?? "") + written : written;
      const kept = verb === "append" && before !== null ? last.expires : Infinity;
      versions.push({
        value,
        event,
        at,
        // Servers have whole milliseconds.
        expires: verb === "setpx" ? Math.floor(at) + ttl : kept,
        client: operation.client,
      });
    }
  }
  return versions;
}
