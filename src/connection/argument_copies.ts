/**
 * Byte arguments of commands that may be sent again.
 *
 * Few commands are, and an object for each copy costs as much as encoding the command (on Deno five times as much). So the
 * bytes as they were sent are kept for all commands of a write together.
 *
 * @module
 */
import { KEPT } from "../resp/snapshot.ts";
import type { SentBytes } from "../resp/sent_bytes.ts";

/** A command with the place of its bytes. */
export interface KeptCommand {
  readonly command: { readonly spec: { readonly words: number; readonly flags: number } };
  readonly sender: unknown;
  copies: SentBytes | undefined;
  copiesStart: number;
  keepArguments(): void;
}

/** The encoder that has just encoded the command. */
export interface KeepingEncoder {
  readonly copiedAt: number;
  keep(): SentBytes;
}

/**
 * Keeps the byte arguments of up to 16 KiB as they are now, for a command that has been encoded and that its sender may
 * send again. Without a sender it does nothing.
 */
export function copyArguments(pending: KeptCommand, encoder: KeepingEncoder): void {
  if (pending.sender === undefined) return;
  const { spec } = pending.command;
  if ((spec.flags & KEPT) !== 0) return;
  const { copiedAt } = encoder;
  // The list of words is the caller's own.
  if (spec.words === 0 || copiedAt < 0) return pending.keepArguments();
  pending.copies = encoder.keep();
  pending.copiesStart = copiedAt;
}
