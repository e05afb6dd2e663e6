/**
 * A node as tests hold it.
 *
 * @module
 */
import type { Listener } from "../../listener.ts";
import type { TestServerOptions } from "../../options.ts";
import type { ServerParts } from "../../server.ts";
import { setLag, TopologyServer } from "../topology_server.ts";
import type { ClusterMember } from "./member.ts";

/** A node of a {@linkcode TestClusterBase}: a test server with a place in the cluster. */
export class TestClusterNode extends TopologyServer {
  readonly #member: () => ClusterMember;

  /** Made by the cluster. */
  constructor(
    member: () => ClusterMember,
    options: TestServerOptions,
    listener: Listener | undefined,
    parts: ServerParts,
  ) {
    super(member, options, listener, parts);
    this.#member = member;
  }

  /** Its identity: 40 hexadecimal digits. CLUSTER RESET HARD changes it. */
  get id(): string {
    return this.#member().id;
  }

  /** Whether the node itself takes the cluster to be in order. */
  get healthy(): boolean {
    return this.#member().healthy;
  }

  /** The role of the node in its own view. */
  get role(): "master" | "replica" {
    return this.#member().own.master === undefined ? "master" : "replica";
  }

  /** The node that it replicates; `undefined` for a master. */
  get master(): TestClusterNode | undefined {
    const member = this.#member();
    return member.find(member.own.master)?.server as TestClusterNode | undefined;
  }

  /** The slots that it takes to be its own, in ranges with both ends. */
  get slots(): readonly (readonly [first: number, last: number])[] {
    return this.#member().slotsOf(this.id);
  }

  /** Milliseconds until a write of its master arrives here. Default 0; `Infinity`: none arrives until it is lowered. */
  get replicationLag(): number {
    return this.#member().lag;
  }

  set replicationLag(ms: number) {
    setLag(this.#member(), ms);
  }
}
