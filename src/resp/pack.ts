/**
 * Commands as bytes to be sent later, or elsewhere.
 *
 * @module
 */
import { noWords } from "./arguments.ts";
import { Encoder } from "./encoder.ts";
import type { Arg } from "./types.ts";

const NO_HEAD = new Uint8Array(0);

/**
 * Encodes one command, name first.
 *
 * @throws {TypeError} naming the argument that cannot be sent.
 *
 * @example
 * ```ts
 * import { packCommand } from "./pack.ts";
 *
 * packCommand(["GET", "k"]); // the bytes of "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"
 * ```
 */
export function packCommand(args: readonly Arg[]): Uint8Array {
  return packCommands([args]);
}

/**
 * Encodes several commands, one after the other.
 *
 * @throws {TypeError} naming the argument that cannot be sent.
 */
export function packCommands(commands: readonly (readonly Arg[])[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const encoder = new Encoder((bytes) => parts.push(bytes), { arenaSize: 4096 });
  for (const args of commands) {
    if (!Array.isArray(args)) throw noWords(args);
    encoder.command(NO_HEAD, 0, args);
  }
  parts.push(encoder.take());
  const packed = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    packed.set(part, at);
    at += part.length;
    encoder.give(part);
  }
  return packed;
}
