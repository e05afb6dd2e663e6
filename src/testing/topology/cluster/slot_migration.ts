/**
 * A slot on its way from one master to another, step by step.
 *
 * @module
 */
import type { ClusterBus } from "./bus.ts";
import { keysInSlot } from "./leave_slots.ts";
import type { ClusterMember } from "./member.ts";
import { handOver } from "./migrate.ts";
import { assignSlot } from "./slot_commands.ts";
import { fromText, toServer } from "../../faults/texts.ts";

/** A migration that has begun: the source replies ASK for keys that it does not have (any more). */
export class SlotMigration {
  /** The slot. */
  readonly slot: number;
  readonly #bus: ClusterBus;
  readonly #source: ClusterMember;
  readonly #target: ClusterMember;

  /** Begins: the slot is migrating at the source and importing at the target. */
  constructor(bus: ClusterBus, slot: number, source: ClusterMember, target: ClusterMember) {
    this.#bus = bus;
    this.slot = slot;
    this.#source = source;
    this.#target = target;
    if (source === target) return;
    target.importing.set(slot, source.id);
    source.migrating.set(slot, target.id);
  }

  /** The keys that are still at the source. */
  get left(): string[] {
    return keysInSlot(this.#source, this.slot).map(fromText);
  }

  /** Moves keys: the given ones, or a number of the remaining ones. Returns the number of moved keys. */
  move(keys: number | readonly string[]): number {
    const chosen = typeof keys === "number"
      ? keysInSlot(this.#source, this.slot).slice(0, keys)
      : keys.map(toServer);
    return chosen.filter((key) => handOver(this.#source, this.#target, key)).length;
  }

  /** Moves the remaining keys, and makes the target the owner. */
  finish(): void {
    if (this.#source === this.#target) return;
    this.move(Infinity);
    const record = this.#target.view.get(this.#target.id)!;
    assignSlot(this.#bus, this.#target, this.slot, record);
    assignSlot(this.#bus, this.#source, this.slot, this.#source.view.get(this.#target.id) ?? record);
  }

  /** Moves the keys back; the source stays the owner. */
  cancel(): void {
    for (const key of keysInSlot(this.#target, this.slot)) handOver(this.#target, this.#source, key);
    this.#source.migrating.delete(this.slot);
    this.#target.importing.delete(this.slot);
  }
}
