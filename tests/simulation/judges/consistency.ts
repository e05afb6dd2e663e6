/**
 * Each key of the test server is linearizable: single commands, the parts of batches, and `watch` as compare-and-set.
 *
 * @module
 */
import { valueOf } from "../commands.ts";
import { type History, isLossy, type Operation } from "../history.ts";
import { type Event, linearize } from "./linearizable.ts";

/** The state of a key that is not there. */
export const ABSENT = "\0";

function text(state: string): string {
  return state === ABSENT ? "" : state;
}

/** Returns the effect of an operation on the state of its key, if its result fits. */
export function effect({ part, how, outcome, seen }: Operation): (state: string) => string | undefined {
  const known = outcome !== undefined && outcome.error === undefined;
  const value = known ? outcome.value : undefined;
  const written = valueOf(part);
  if (how === "watch") {
    const expected = seen ?? ABSENT;
    return (state) => state === expected ? written : undefined;
  }
  switch (part.verb) {
    case "set":
      return () => written;
    case "append":
      return (state) => {
        const after = text(state) + written;
        return known && value !== after.length ? undefined : after;
      };
    case "incr":
      return (state) => {
        const after = Number(text(state) || 0) + part.id;
        return known && Number(value) !== after ? undefined : String(after);
      };
    case "del":
      return (state) => known && value !== (state === ABSENT ? 0 : 1) ? undefined : ABSENT;
    case "get":
      return (state) => known && value !== (state === ABSENT ? null : state) ? undefined : state;
    case "range":
      return (state) => known && value !== text(state) ? undefined : state;
    default:
      return (state) => state;
  }
}

function shown(operation: Operation): string {
  const { part, called, settled, outcome } = operation;
  const result = outcome === undefined || outcome.error !== undefined
    ? outcome?.executed ?? "pending"
    : outcome.value;
  return `${part.verb} #${part.id} [${called}, ${settled}] ${JSON.stringify(result)}`;
}

/** Judges each key for itself. Reads of clients with a cache have a judge of their own.
 * Where servers lose writes, keys are not linearizable, nor where clients read from replicas. */
export function judgeConsistency({ operations, flushes, scenario }: History): string[] {
  if (isLossy(scenario)) return [];
  const keys: Map<string, Operation[]> = new Map();
  for (const operation of operations) {
    const { key, verb } = operation.part;
    if (key[0] !== "k" && key[0] !== "n" || operation.how === "pop") continue;
    const { cache, readFrom } = scenario.clients[operation.client]!.options;
    if (verb === "get" && operation.how === "call" && cache) continue;
    if ((verb === "get" || verb === "range") && readFrom !== undefined) continue;
    let list = keys.get(key);
    if (list === undefined) keys.set(key, list = []);
    list.push(operation);
  }
  const faults: string[] = [];
  for (const [key, list] of keys) {
    const events: Event<string>[] = flushes.map(({ event }) => ({
      from: event,
      to: event,
      apply: () => ABSENT,
      optional: false,
    }));
    for (const operation of list) {
      const { outcome, called, settled, executions } = operation;
      const failed = outcome === undefined || outcome.error !== undefined;
      // The outcome of once() is "no" where the server has lost the record; the log says what ran before.
      if (failed && outcome?.executed === "no" && operation.how !== "once") continue;
      const { verb } = operation.part;
      const reads = verb === "get" || verb === "range";
      if (failed && reads) continue;
      // A repeated command may have its reply from each run before that, also behind a later one of a lost connection.
      const replied = executions.filter((event) => event >= called && event <= settled);
      if (verb === "get" || (reads && replied.length > 1)) {
        events.push({ from: called, to: settled, apply: effect(operation), optional: false, reads: true });
        continue;
      }
      // The log of the server says when each write ran; of a client that repeats what may have run, each time counts.
      const own = replied.length > 1 ? undefined : replied[0] ?? executions.at(-1);
      for (const event of executions) {
        if (reads && event !== own) continue;
        const apply = event === own ? effect(operation) : effect({ ...operation, outcome: undefined });
        events.push({ from: event, to: event, apply, optional: false, reads });
      }
    }
    const verdict = linearize(events, ABSENT);
    if (verdict === "not linearizable") {
      faults.push(
        `consistency: no order of the operations on ${key} fits: ${list.map(shown).slice(-40).join("; ")}`,
      );
    } else if (verdict === "too long") faults.push(`undecided: ${key}`);
  }
  return faults;
}
