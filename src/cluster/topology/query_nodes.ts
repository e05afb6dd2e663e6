/**
 * Queries nodes for the topology: one node, or several until one gives an acceptable answer.
 *
 * @module
 */
import type { Clock, Timer } from "../../clock.ts";
import type { Connection } from "../../connection/connection.ts";
import { ClusterError, MaxConnectionsError, type RedisError, ReplyError } from "../../errors.ts";
import { DecodeMode, type Reply } from "../../resp/types.ts";
import {
  addHiddenSlots,
  type Found,
  hidesSlots,
  isConclusive,
  readEpoch,
  readShards,
  readSlots,
} from "./discovery.ts";
import type { ClusterNode } from "./node.ts";

/** A connection for a query, and what to do with it afterwards. */
interface QueryConnection {
  readonly connection: Connection;
  done(): void;
}

/**
 * The shared connection if it is ready. Else one of the pool where it is to be kept for commands; else one beside the
 * pool, so that a query never takes a place that a caller wants.
 */
async function connectionTo(node: ClusterNode, keep: boolean, signal: AbortSignal): Promise<QueryConnection> {
  const shared = node.usable ? node.shared.connection : undefined;
  if (shared !== undefined) return { connection: shared, done: () => {} };
  if (keep) {
    try {
      const connection = await node.pool.acquire({ retry: false, signal });
      return { connection, done: () => connection[Symbol.dispose]() };
    } catch (error) {
      if (!(error instanceof MaxConnectionsError)) throw error;
    }
  }
  const connection = await node.pool.openBeside(signal);
  return { connection, done: () => connection.disconnect() };
}

/**
 * Queries one node.
 *
 * @param keep whether a connection that is opened for it stays open for commands
 * @param signal ends the query, and the connection that was opened for it
 * @throws {RedisError} when the node gives no answer, or none that can be read.
 */
export async function queryNode(node: ClusterNode, keep: boolean, signal: AbortSignal): Promise<Found> {
  const { connection, done } = await connectionTo(node, keep, signal);
  try {
    const { options } = connection;
    const limits = { timeout: options.connectTimeout, mode: DecodeMode.text, signal };
    const ask = (...words: string[]): Promise<Reply> =>
      connection.send(words, limits).catch((error) => {
        if (error instanceof ReplyError) return error;
        throw error;
      });
    const asked = { host: node.host, tls: options.tls !== undefined };
    const [info, shards, id] = await Promise.all([
      ask("CLUSTER", "INFO"),
      ask("CLUSTER", "SHARDS"),
      // A seed may have another name in the topology.
      node.role === "unknown" ? ask("CLUSTER", "MYID") : undefined,
    ]);
    if (typeof id === "string") node.id = id;
    const epoch = info instanceof ReplyError ? 0 : readEpoch(info);
    if (!(shards instanceof ReplyError)) {
      const found = readShards(shards, epoch, asked);
      if (isConclusive(found)) {
        if (!hidesSlots(found)) return found;
        const slots = await ask("CLUSTER", "SLOTS");
        return slots instanceof ReplyError ? found : addHiddenSlots(found, readSlots(slots, epoch, asked));
      }
    }
    const slots = await ask("CLUSTER", "SLOTS");
    if (slots instanceof ReplyError) throw refusal(node, slots);
    return readSlots(slots, epoch, asked);
  } finally {
    done();
  }
}

function refusal(node: ClusterNode, cause: ReplyError): RedisError {
  if (!/cluster support disabled/i.test(cause.message)) return cause;
  return new ClusterError(
    `Cannot use ${node} as a cluster: it runs without cluster support; use Redis instead of RedisCluster`,
    { code: "NO_CLUSTER", executed: "no", cause },
  );
}

/** The answers to a query of several nodes. */
export interface Answers<T> {
  /** The first acceptable answer. */
  readonly accepted: T | undefined;
  /** The other answers. */
  readonly others: readonly T[];
  /** The errors of the other nodes. */
  readonly errors: readonly unknown[];
}

/**
 * Queries one candidate after the other until an answer is acceptable: the next one when the one before has failed, has
 * given another answer, or has taken longer than `patience` milliseconds. Then ends the queries that are under way.
 *
 * @throws the reason of `signal` when it is aborted.
 */
export function queryUntil<N, T>(
  candidates: readonly N[],
  query: (candidate: N, signal: AbortSignal) => Promise<T>,
  accept: (answer: T) => boolean,
  clock: Clock,
  patience: number,
  signal: AbortSignal,
): Promise<Answers<T>> {
  return new Promise((resolve, reject) => {
    const round = new AbortController();
    const others: T[] = [];
    const errors: unknown[] = [];
    let next = 0;
    let open = 0;
    let timer: Timer;
    const end = (reason?: unknown): void => {
      clock.clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      round.abort(reason);
    };
    const abort = (): void => {
      end(signal.reason);
      reject(signal.reason);
    };
    const finish = (accepted: T | undefined): void => {
      end();
      resolve({ accepted, others, errors });
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
      query(candidate, round.signal).then((answer) => {
        if (round.signal.aborted) return;
        open--;
        if (accept(answer)) return finish(answer);
        others.push(answer);
        start();
      }, (error) => {
        if (round.signal.aborted) return;
        open--;
        errors.push(error);
        start();
      });
    };
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    start();
  });
}
