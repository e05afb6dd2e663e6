/**
 * The record of where a command goes in a cluster. A client makes one only for operations that are observed.
 *
 * @module
 */
import type { ObservedRoute } from "../observer.ts";

/** The address of a node. */
interface Address {
  readonly host: string;
  readonly port: number;
}

/** Records the slot, the node and the redirections of one operation. */
export class Route implements ObservedRoute {
  /** @inheritdoc */
  slot: ObservedRoute["slot"] = undefined;
  /** @inheritdoc */
  node: ObservedRoute["node"] = undefined;
  /** @inheritdoc */
  redirections = 0;
  #spread = false;

  /** Records that the operation goes to a node; a negative `slot` is none. */
  at(slot: number, node: Address | undefined): void {
    if (this.#spread) return;
    this.slot = slot < 0 ? undefined : slot;
    this.node = node && addressOf(node);
  }

  /** Records that the operation has parts, which go to several nodes. */
  spread(): void {
    this.#spread = true;
    this.slot = this.node = undefined;
  }
}

/** Returns the address of a node in the form that observers get. */
export function addressOf({ host, port }: Address): NonNullable<ObservedRoute["node"]> {
  return { address: host, port };
}
