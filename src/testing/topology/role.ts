/**
 * ROLE of a server that can be a master or a replica.
 *
 * @module
 */
import type { ReplyValue } from "../reply.ts";
import type { Session } from "../state.ts";

/** ROLE. */
export function role({ server: { replication } }: Session): ReplyValue {
  const { master, replicas, offset, linked } = replication;
  if (master === undefined) {
    return ["master", offset, [...replicas].map((one) => [one.host, String(one.port), String(one.offset)])];
  }
  return ["slave", master.host, master.port, linked ? "connected" : "connect", linked ? offset : -1];
}
