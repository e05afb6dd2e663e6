/**
 * Selects the server of a connection.
 *
 * @module
 */
import { ConnectionError } from "../errors.ts";
import { formatAddress, type ServerAddress } from "../topology/format_address.ts";
import type { MasterAnswer } from "./replies.ts";
import type { SentinelClient } from "./sentinel_client.ts";
import type { Service } from "./service.ts";

/** The role of a server. */
export type Role = "master" | "replica";

/** The servers to connect to: the master, replicas only, replicas with the master as a fallback, or one replica. */
export type Wanted = "master" | "replica" | "preferReplica" | ServerAddress;

/** A server to try. */
export interface Found {
  /** The address. */
  readonly address: ServerAddress;
  /** The role that the server must report. */
  readonly role: Role;
  /** The reply that named the master. */
  readonly answer: MasterAnswer | undefined;
}

/** Addresses that failed, with the reasons. */
export type Refused = Map<string, string>;

/** Finds servers of one service. */
export class Locator {
  /** The known state of the service. */
  readonly service: Service;
  readonly #sentinels: SentinelClient;
  readonly #wanted: Wanted;
  #turn = 0;

  /** Selects servers by `wanted`. */
  constructor(sentinels: SentinelClient, service: string, wanted: Wanted, random: () => number) {
    this.#sentinels = sentinels;
    this.service = sentinels.service(service);
    this.#wanted = wanted;
    // Clients that start together should not all begin with the same replica.
    this.#turn = Math.floor(random() * 1_024);
  }

  /**
   * The next server to try.
   *
   * @throws {ConnectionError} when there is none, with what each sentinel answered.
   */
  async next(refused: Refused, signal: AbortSignal): Promise<Found> {
    const { name } = this.service;
    if (typeof this.#wanted === "object") return this.#only(this.#wanted, refused);
    if (this.#wanted === "master") {
      const answer = await this.#sentinels.findMaster(name, refused, signal);
      return { address: answer.address, role: "master", answer };
    }
    const replicas = (await this.#sentinels.findReplicas(name, signal))
      .filter(({ address, sure }) => sure && !refused.has(formatAddress(address)));
    // A replica without its master has old data; it is used if no other is available.
    const linked = replicas.filter((replica) => replica.linked);
    const choice = linked.length > 0 ? linked : replicas;
    if (choice.length > 0) {
      return { address: choice[this.#turn++ % choice.length]!.address, role: "replica", answer: undefined };
    }
    if (this.#wanted === "preferReplica") {
      const answer = await this.#sentinels.findMaster(name, refused, signal);
      return { address: answer.address, role: "master", answer };
    }
    const tried = [...refused].map(([address, why]) => `${address}: ${why}`).join("; ");
    throw new ConnectionError(
      `Cannot find a replica of "${name}" that is up${tried === "" ? "" : ` (${tried})`}; ` +
        'with readFrom: "preferReplica" the master would be read instead',
      { code: "NO_REPLICA", executed: "no" },
    );
  }

  #only(address: ServerAddress, refused: Refused): Found {
    const why = refused.get(formatAddress(address));
    if (why === undefined) return { address, role: "replica", answer: undefined };
    throw new ConnectionError(`Cannot connect to the replica ${formatAddress(address)}: ${why}`, {
      code: "NO_REPLICA",
      executed: "no",
    });
  }
}
