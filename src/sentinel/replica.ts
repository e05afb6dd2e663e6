/**
 * One replica that is read from: a pool of its own, and its lane.
 *
 * @module
 */
import { StandaloneExecutor } from "../client/standalone.ts";
import { type SentinelAddress, showAddress } from "./address.ts";
import type { SentinelConnectionPool } from "./pool.ts";

/** How much of a latency is the last measurement; the rest is the ones before. */
const WEIGHT = 0.3;

/** A server that can be read from. */
export interface Readable {
  /** Runs commands there. */
  readonly executor: Pick<StandaloneExecutor, "execute" | "executeAll" | "lane">;
  /** Whether there is a connection now. */
  readonly ready: boolean;
  /** Milliseconds for a PING, once measured. */
  readonly latency: number | undefined;
}

/** A replica. */
export class ReplicaNode implements Readable {
  /** The address as text. */
  readonly name: string;
  /** Runs commands there. */
  readonly executor: StandaloneExecutor;
  /** Settles when the first try to connect has come to an end. */
  readonly opened: Promise<void>;
  /** @inheritdoc */
  latency: number | undefined = undefined;
  /** It has been given up. */
  gone = false;
  readonly #pool: SentinelConnectionPool;
  readonly #lost: (node: ReplicaNode) => void;

  /** Connects at once; `lost` is called when the replica cannot be reached any more. */
  constructor(address: SentinelAddress, pool: SentinelConnectionPool, lost: (node: ReplicaNode) => void) {
    this.name = showAddress(address);
    this.#pool = pool;
    this.#lost = lost;
    this.executor = new StandaloneExecutor(pool, { multiplex: true, owner: true });
    const { lane } = this.executor;
    // A lost connection may come back at once; a replica to which a connect fails is not there.
    this.executor.events.addEventListener("reconnecting", ({ detail }) => {
      if (detail.attempt > 1) this.#lost(this);
    });
    this.executor.events.addEventListener("closed", () => this.#lost(this));
    this.opened = lane.connect().then(() => this.measure(), () => this.#lost(this));
  }

  /** @inheritdoc */
  get ready(): boolean {
    return !this.gone && this.executor.lane.connection !== undefined;
  }

  /** Measures how near it is. */
  async measure(): Promise<void> {
    const { connection } = this.executor.lane;
    if (connection === undefined) return;
    this.latency = mixed(this.latency, await pingTime(connection));
  }

  /** Gives it up: what is on its way there is rejected now, and read elsewhere. */
  drop(): void {
    this.gone = true;
    this.#pool.disconnect();
    this.executor.close();
  }
}

/** What holds of a measurement after another. */
export function mixed(before: number | undefined, now: number | undefined): number | undefined {
  if (before === undefined || now === undefined) return now;
  return before * (1 - WEIGHT) + now * WEIGHT;
}

/** Milliseconds for a PING; `undefined` when there is no answer. */
export async function pingTime(
  connection: NonNullable<StandaloneExecutor["lane"]["connection"]>,
): Promise<number | undefined> {
  const { clock } = connection.options;
  const start = clock.now();
  try {
    await connection.send(["PING"]);
    return clock.now() - start;
  } catch {
    return undefined;
  }
}
