/**
 * The sender of commands to one node: a failed command is known to have failed there.
 *
 * @module
 */
import type { Connection } from "../../connection/connection.ts";
import type { Pending, Sender } from "../../connection/pending.ts";
import { isReadonly } from "../redirection/redirection.ts";
import type { ClusterNode } from "../topology/node.ts";

/** A sender that the router can direct to another node. */
export interface RoutedSender extends Sender {
  /** The router that the sender belongs to. */
  readonly router: NodeRecovery;
  /** The node that its commands go to; `undefined`: none yet. */
  readonly node: ClusterNode | undefined;
  /** The dedicated connection that its commands are sent on. Default: the shared connection of the node. */
  readonly connection?: Connection | undefined;
  /** Returns the same sender for commands to `node`; `undefined`: to no node yet. */
  at(node: ClusterNode | undefined): RoutedSender;
  /**
   * Sends what `pending` stands for to a node; without it, `pending` is a command. It cannot follow ASK. `again`: a
   * node has returned it, and it goes before what was not sent.
   */
  send?(pending: Pending, node: ClusterNode, again: boolean): void;
}

/** Returns the node that a command was sent to last. */
export function nodeOfPending({ sender }: Pending): ClusterNode | undefined {
  return (sender as Partial<RoutedSender> | undefined)?.node;
}

/** Adds the node that a write is sent to last. */
export function collectNode(pending: Pending, ranAt: Set<object> | undefined): void {
  if (ranAt === undefined || isReadonly(pending.command)) return;
  pending.onSettled(() => {
    const node = nodeOfPending(pending);
    if (node !== undefined) ranAt.add(node);
  });
}

/** Takes over commands that failed at a node. */
export interface NodeRecovery {
  /** Takes the command over (`true`), or lets it be rejected with the error (`false`). */
  recoverFrom(pending: Pending, error: Error, node: ClusterNode | undefined): boolean;
}

/** The sender of single commands. */
export class NodeSender implements RoutedSender {
  /** @inheritdoc */
  readonly router: NodeRecovery;
  /** @inheritdoc */
  readonly node: ClusterNode | undefined;

  /** Sends commands to `node`. */
  constructor(router: NodeRecovery, node: ClusterNode | undefined) {
    this.router = router;
    this.node = node;
  }

  /** @inheritdoc */
  at(node: ClusterNode | undefined): RoutedSender {
    return node === this.node ? this : new NodeSender(this.router, node);
  }

  /** @inheritdoc */
  recover(pending: Pending, error: Error): boolean {
    return this.router.recoverFrom(pending, error, this.node);
  }
}
