/**
 * Commands that must follow each other without another between them: all of them are sent, or none.
 *
 * @module
 */
import { checkArguments } from "../resp/arguments.ts";
import { bytesOf } from "../resp/snapshot.ts";
import type { Pending } from "./pending.ts";

/** Commands that are sent as a unit: a transaction, or commands that were encoded elsewhere. */
export class AtomicBatch {
  /** The commands that wait for the replies. */
  readonly members: readonly Pending[];
  /** The encoded commands, if they are encoded already. */
  readonly bytes: Uint8Array | undefined;
  /** About how many bytes it holds while it waits. */
  readonly size: number;
  readonly #length: number;

  /** `bytes`: the members in encoded form. */
  constructor(members: readonly Pending[], bytes?: Uint8Array) {
    this.members = members;
    this.bytes = bytes;
    this.#length = bytes?.length ?? 0;
    this.size = bytes?.length ?? members.reduce((size, { command }) => size + bytesOf(command.args), 0);
  }

  /** Whether all commands are settled. */
  get done(): boolean {
    return this.members.every(({ done }) => done);
  }

  /**
   * Checks that the batch can be sent whole.
   *
   * @throws {TypeError} for an argument or encoded bytes that were transferred or resized meanwhile.
   */
  check(): void {
    if (this.bytes !== undefined && this.bytes.length !== this.#length) {
      throw new TypeError("Cannot send packed commands: their memory was transferred or resized");
    }
    for (const { command } of this.members) checkArguments(command.args, command.spec.head);
  }
}
