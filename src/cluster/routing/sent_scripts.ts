/**
 * The scripts that were sent whole over the shared connection of a node.
 *
 * The first call of a script over a connection is sent whole, so that no NOSCRIPT lets later calls get ahead of it.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import type { Connection } from "../../connection/connection.ts";
import type { ClusterNode } from "../topology/node.ts";

/** The number of scripts that are remembered of a connection; beyond it, all are forgotten. */
const MOST = 256;

/** Remembers the digests of scripts by node, for as long as the node's connection lives. */
export class SentScripts {
  readonly #sent: WeakMap<ClusterNode, { connection: Connection | undefined; digests: Set<unknown> }> =
    new WeakMap();

  /** Whether the node's connection has not carried the script of an EVALSHA; from now on it has. */
  isFirst({ args: [digest] }: Command, node: ClusterNode): boolean {
    const connection = node.openedShared?.connection;
    let sent = this.#sent.get(node);
    if (sent === undefined || sent.connection !== connection || sent.digests.size >= MOST) {
      this.#sent.set(node, sent = { connection, digests: new Set() });
    }
    if (sent.digests.has(digest)) return false;
    sent.digests.add(digest);
    return true;
  }
}
