/**
 * Without faults no call is refused: each succeeds, or rejects by its own limit, for lack of connections or by a conflict.
 *
 * @module
 */
import { describeOperation, describeOutcome, type History, type Operation } from "../history.ts";
import { isFault, type OptionsPlan } from "../scenario.ts";

/** Codes of errors that a call may have without faults: a slow link, too few connections, or a conflict. */
const EXPECTED: ReadonlySet<string> = new Set([
  "COMMAND_TIMEOUT",
  "SOCKET_TIMEOUT",
  "MAX_CONNECTIONS",
  "POOL_TIMEOUT",
  "WATCH_CONFLICT",
  "EXECABORT",
  "NOT_REPLICATED",
]);

/** Codes of errors that a call may have while no connection is open, if there is no queue for it or a small one. */
const OFFLINE: ReadonlySet<string> = new Set(["QUEUE_FULL", "CONNECT", "LOST"]);

/** Milliseconds of a way, from which on a network is slow. */
const SLOW = 20;

/** Whether the options of a client explain a refusal without faults. */
function isExplained({ how, outcome }: Operation, code: string, options: OptionsPlan): boolean {
  const { offlineQueue, sendQueue, connectTimeout, maxLifetime, maxIdleTime, initSlotCache, readFrom } =
    options;
  // Replicas are later than the limit allows.
  if (typeof readFrom === "object" && code === "NO_REPLICA") return true;
  if (offlineQueue !== undefined && OFFLINE.has(code)) return true;
  if (sendQueue !== undefined && code === "QUEUE_FULL") return true;
  if (connectTimeout !== undefined && code === "CONNECT_TIMEOUT") return true;
  // Without the slots, commands go to any node first.
  if (code === "MOVED" && initSlotCache === false) return true;
  // When that node leaves, a call that has blocked for longer than its limit is not sent to another one.
  if (how === "pop" && code === "REPLACED" && initSlotCache === false) return true;
  // A script that the server does not know does not go behind a later command with its key.
  if (code === "NOSCRIPT") return /is not sent again/.test((outcome!.error as Error).message);
  if (how !== "lease") return false;
  // Connections that end by their age end leases.
  return maxLifetime !== undefined || maxIdleTime !== undefined;
}

/** The bytes that a socket takes ahead, from which on a write of small commands is no matter of seconds. */
const ROOMY = 16_384;

/** Calls that wait until a slot has moved, which may take too long: ASKING does not go before them, or they have two keys. */
const WAITING: ReadonlySet<Operation["how"]> = new Set(["multi", "watch", "lease", "once"]);

/** Whether no call may have an error before something goes wrong: calls follow slots that move, and bursts have no limit. */
function isNeverExpected(
  { client, how, part, outcome }: Operation,
  code: string,
  { scenario: { network, clients }, owners }: History,
): boolean {
  if (code === "REDIRECTIONS") {
    // DEL has two keys: TRYAGAIN while neither is there.
    return !WAITING.has(how) && part.verb !== "del" && clients[client]!.options.maxRedirections === undefined;
  }
  // On a long way a socket is full for as long as one whose peer has stalled.
  const way = network.latency + network.jitter + (network.spread ?? 0);
  // Commands wait in this queue, too, while their connection is replaced at the end of its lifetime.
  const replaced = clients[owners[client] ?? client]!.options.maxLifetime !== undefined;
  return code === "QUEUE_FULL" && !replaced && network.capacity >= ROOMY && 2 * way < SLOW &&
    /sendQueue/.test((outcome!.error as Error).message);
}

/** Judges worlds without faults, and others until the first one. */
export function judgeRefusals(history: History): string[] {
  const { operations, scenario, closedAt, owners } = history;
  const faults = scenario.steps.filter(isFault);
  const trouble = faults.find(({ fault }) => fault !== "migrate")?.at ?? Infinity;
  const { latency, jitter, spread = 0, capacity } = scenario.network;
  const slow = latency + jitter + spread >= SLOW || capacity < ROOMY;
  return operations.filter((operation) => {
    const { client, outcome, settled, settledAt } = operation;
    const { code } = (outcome?.error ?? {}) as { code?: string };
    if (code === undefined || EXPECTED.has(code)) return false;
    // Closing rejects the calls in progress, also those of clients that share the pool.
    if (settled > Math.min(closedAt.get(client) ?? Infinity, closedAt.get(owners[client]!) ?? Infinity)) {
      return false;
    }
    if (settledAt < trouble && isNeverExpected(operation, code, history)) return true;
    const { options } = scenario.clients[client]!;
    // A limit of silence ends a connection that is only slow.
    if (slow && (options.socketTimeout !== undefined || options.nodeTimeout !== undefined)) return false;
    return faults.length === 0 && !isExplained(operation, code, options);
  }).map((operation) => `refused: ${describeOperation(operation)}: ${describeOutcome(operation.outcome)}`);
}
