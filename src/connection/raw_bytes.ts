/**
 * Commands that the caller has encoded.
 *
 * @module
 */
import { isBytes } from "../resp/arguments.ts";
import { Decoder } from "../resp/decoder.ts";
import { type Arg, DecodeMode, type Reply } from "../resp/types.ts";
import { AtomicBatch } from "./atomic_batch.ts";
import { CommandBatch } from "./command_batch.ts";
import { Pending, rawCommand } from "./pending.ts";
import { type SessionState, stateName } from "./session.ts";

/** Encoded commands, and their replies. */
export interface RawBatch {
  /** The batch to send. */
  readonly batch: AtomicBatch;
  /** Resolves with the replies, errors in place. */
  readonly replies: Promise<unknown[]>;
}

/**
 * Returns a batch for encoded commands with `count` replies, and notes their effect in `session`.
 *
 * @throws {TypeError} when `bytes` are none or not a whole number of commands.
 * @throws {RangeError} when `count` is not the number of replies that they bring.
 */
export function rawBatch(
  bytes: Uint8Array,
  count: number,
  session: SessionState,
  terms: { readonly mode: number; readonly timeout: number },
): RawBatch {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new RangeError(`Cannot send packed commands: \`replies\` is ${count}, but must be 1 or more`);
  }
  if (!isBytes(bytes) || bytes.length === 0) throw noCommands();
  note(session, readCommands(bytes), count);
  const batch = new CommandBatch(count);
  const command = rawCommand([]);
  const members = Array.from(
    { length: count },
    (_, index) => new Pending(command, terms.mode, terms.timeout, batch, index),
  );
  return { batch: new AtomicBatch(members, bytes), replies: batch.promise };
}

function noCommands(): TypeError {
  return new TypeError(
    "Cannot send packed commands: they must be a Uint8Array that is not empty, as packCommand() makes it",
  );
}

/** Reads the commands. It refuses inline commands and parts of commands, whose replies cannot be counted. */
function readCommands(bytes: Uint8Array): Arg[][] {
  const commands: Arg[][] = [];
  const refuse = (): never => {
    throw noCommands();
  };
  const reader = new Decoder({
    begin: () => DecodeMode.bytes,
    reply: (words: Reply) =>
      Array.isArray(words) && words.length > 0 ? commands.push(words as Arg[]) : refuse(),
    error: refuse,
    push: refuse,
  });
  try {
    reader.write(bytes);
  } catch (cause) {
    throw new TypeError(noCommands().message, { cause });
  }
  return reader.partial ? refuse() : commands;
}

function note(session: SessionState, commands: readonly Arg[][], count: number): void {
  const names = commands.map(stateName);
  // Subscriptions are confirmed by one frame for each channel.
  const counted = !names.some((name) => name.endsWith("SUBSCRIBE"));
  if (counted && commands.length !== count) {
    throw new RangeError(
      `Cannot send packed commands: \`replies\` is ${count}, but there are ${commands.length} commands`,
    );
  }
  if (!counted) session.taint();
  commands.forEach((words, index) => session.note(names[index]!, words.slice(1)));
}
