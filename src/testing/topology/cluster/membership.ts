/**
 * Servers that are nodes.
 *
 * @module
 */
import type { ServerState, Session } from "../../state.ts";
import type { ClusterBus } from "./bus.ts";
import type { ClusterMember } from "./member.ts";

/** The membership of a server in a cluster. */
export interface Membership {
  /** The bus. */
  readonly bus: ClusterBus;
  /** The node. */
  readonly member: ClusterMember;
}

const memberships: WeakMap<ServerState, Membership> = new WeakMap();

/** Makes a server a node. */
export function join(state: ServerState, membership: Membership): void {
  memberships.set(state, membership);
}

/** The node that a server is. */
export function membershipOf({ server }: Session): Membership {
  return memberships.get(server)!;
}
