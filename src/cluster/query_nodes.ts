/**
 * Asking nodes about the cluster: one node, or several until one gives an answer that will do.
 *
 * @module
 */
import type { Clock, Timer } from "../clock.ts";
import type { Connection } from "../connection/connection.ts";
import { ClusterError, MaxConnectionsError, type RedisError, ReplyError } from "../errors.ts";
import { DecodeMode, type Reply } from "../resp/types.ts";
import { type Found, isConclusive, readEpoch, readShards, readSlots } from "./discovery.ts";
import type { ClusterNode } from "./node.ts";

/** Takes a connection to a node: the shared one if it is there, else one that is given back afterwards. */
async function connectionTo(
  node: ClusterNode,
  keep: boolean,
): Promise<{ connection: Connection; give: () => void }> {
  const shared = node.usable ? node.lane.connection : undefined;
  if (shared !== undefined) return { connection: shared, give: () => {} };
  try {
    const known = node.connected;
    const connection = await node.pool.acquire({ retry: false });
    const give = (): void => {
      // By and by all nodes would have an idle connection that nobody needs.
      if (!keep && !known) connection.disconnect();
      connection[Symbol.dispose]();
    };
    return { connection, give };
  } catch (error) {
    if (!(error instanceof MaxConnectionsError)) throw error;
    // The shared connection, which is being opened, may be the only one that there may be.
    await node.lane.connect();
    return { connection: node.lane.connection!, give: () => {} };
  }
}

/**
 * Asks one node. A connection that is opened for it is closed afterwards, unless it is to be kept.
 *
 * @throws {RedisError} when it gives no answer, or none that can be read.
 */
export async function queryNode(node: ClusterNode, keep: boolean): Promise<Found> {
  const { connection, give } = await connectionTo(node, keep);
  try {
    const { options } = connection;
    const timeout = options.connectTimeout;
    const ask = (...words: string[]): Promise<Reply> =>
      connection.send(words, { timeout, mode: DecodeMode.text }).catch((error) => {
        if (error instanceof ReplyError) return error;
        throw error;
      });
    const asked = { host: node.host, tls: options.tls !== undefined };
    const [info, shards] = await Promise.all([ask("CLUSTER", "INFO"), ask("CLUSTER", "SHARDS")]);
    const epoch = info instanceof ReplyError ? 0 : readEpoch(info);
    if (!(shards instanceof ReplyError)) {
      const found = readShards(shards, epoch, asked);
      if (isConclusive(found)) return found;
    }
    const slots = await ask("CLUSTER", "SLOTS");
    if (slots instanceof ReplyError) throw refusal(node, slots);
    return readSlots(slots, epoch, asked);
  } finally {
    give();
  }
}

function refusal(node: ClusterNode, cause: ReplyError): RedisError {
  if (!/cluster support disabled/i.test(cause.message)) return cause;
  return new ClusterError(
    `Cannot use ${node} as a cluster: it runs without cluster support; use Redis instead of RedisCluster`,
    { code: "NO_CLUSTER", executed: "no", cause },
  );
}

/** What came of asking around. */
export interface Answers<T> {
  /** The first answer that will do. */
  readonly accepted: T | undefined;
  /** The answers that will do if there is nothing better. */
  readonly others: readonly T[];
  /** Why the rest gave none. */
  readonly errors: readonly unknown[];
}

/**
 * Asks one after the other, the next when the one before has failed, gives an answer that will not do, or has
 * taken longer than `patience` milliseconds; takes the first answer that will do.
 */
export function queryUntil<N, T>(
  candidates: readonly N[],
  ask: (candidate: N) => Promise<T>,
  accept: (answer: T) => boolean,
  clock: Clock,
  patience: number,
): Promise<Answers<T>> {
  return new Promise((resolve) => {
    const others: T[] = [];
    const errors: unknown[] = [];
    let next = 0;
    let open = 0;
    let timer: Timer;
    let done = false;
    const finish = (accepted: T | undefined): void => {
      done = true;
      clock.clearTimeout(timer);
      resolve({ accepted, others, errors });
    };
    const settle = (answer: T | undefined): void => {
      open--;
      if (done) return;
      if (answer !== undefined && accept(answer)) finish(answer);
      else start();
    };
    const start = (): void => {
      clock.clearTimeout(timer);
      if (next === candidates.length) {
        if (open === 0) finish(undefined);
        return;
      }
      const candidate = candidates[next++]!;
      open++;
      if (next < candidates.length) timer = clock.setTimeout(start, patience);
      ask(candidate).then((answer) => {
        others.push(answer);
        settle(answer);
      }, (error) => {
        errors.push(error);
        settle(undefined);
      });
    };
    start();
  });
}
