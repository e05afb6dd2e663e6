/**
 * One replica that is read from: a pool of its own, and its connection.
 *
 * @module
 */
import { text } from "../commands/replies.ts";
import type { StandaloneExecutor } from "../client/standalone_executor.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import { averageLatency, measureLatency } from "../topology/latency.ts";
import type { ReadTarget } from "../topology/read_from.ts";
import { formatAddress, type ServerAddress } from "../topology/format_address.ts";

/** A server that can be read from. */
export interface Readable extends ReadTarget {
  /** Runs commands there. */
  readonly executor: Pick<StandaloneExecutor, "execute" | "executeAll" | "shared">;
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
  /** Whether the sentinels report its link to the master as up. */
  announcedLinked = true;
  /** Whether the replica reports its link to the master as up; `undefined`: unknown. */
  #reportedLinked: boolean | undefined = undefined;
  /** Its replication offset, once it has reported one. */
  offset: number | undefined = undefined;
  /** Whether it was removed. */
  gone = false;
  readonly #zone: string | undefined;
  readonly #pool: ConnectionPool;
  readonly #lost: (node: ReplicaNode) => void;

  /** Connects at once, with an executor over the pool; `lost` is called when the replica cannot be reached any more. */
  constructor(
    address: ServerAddress,
    pool: ConnectionPool,
    executor: StandaloneExecutor,
    zone: string | undefined,
    lost: (node: ReplicaNode) => void,
  ) {
    this.#zone = zone;
    this.name = formatAddress(address);
    this.#pool = pool;
    this.#lost = lost;
    this.executor = executor;
    const { shared } = this.executor;
    // A lost connection may be restored; a replica that refuses a connect is down.
    this.executor.events.addEventListener("reconnecting", ({ detail }) => {
      if (detail.attempt > 1) this.#lost(this);
    });
    this.executor.events.addEventListener("closed", () => this.#lost(this));
    this.opened = shared.connect().then(() => this.measure(), () => this.#lost(this));
  }

  /** @inheritdoc */
  get ready(): boolean {
    return !this.gone && this.executor.shared.connection !== undefined;
  }

  /** Whether its link to the master is up. Sentinels learn late that it is down, and the replica that it is up. */
  get linked(): boolean {
    return this.#reportedLinked ?? this.announcedLinked;
  }

  /** The availability zone: as configured, else as the server announces it. */
  get zone(): string | undefined {
    return this.#zone ?? zoneOf(this.executor.shared.connection?.server.availability_zone);
  }

  /** Measures how near it is, and asks whether it follows its master. */
  async measure(): Promise<void> {
    const { connection } = this.executor.shared;
    if (connection === undefined) return;
    const asked = connection.send(["ROLE"]).then((reply) => {
      // "slave", host and port of the master, the state of the link, the offset
      const state = Array.isArray(reply) ? reply[3] : undefined;
      this.#reportedLinked = state === undefined ? undefined : text(state) === "connected";
      this.offset = state === undefined ? undefined : Number((reply as unknown[])[4]);
    }, () => this.#reportedLinked = undefined);
    this.latency = averageLatency(this.latency, await measureLatency(connection));
    await asked;
  }

  /** Removes it. Pending reads are rejected, and sent to other servers. */
  drop(): void {
    this.gone = true;
    this.#pool.disconnect();
    this.executor.close();
  }
}

/** The availability zone that a server has announced in its reply to HELLO. */
export function zoneOf(announced: unknown): string | undefined {
  return typeof announced === "string" && announced !== "" ? announced : undefined;
}
