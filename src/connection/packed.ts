/**
 * What packed bytes do to the state of a connection.
 *
 * @module
 */
import { isBytes } from "../resp/arguments.ts";
import { Decoder } from "../resp/decoder.ts";
import { type Arg, DecodeMode, type Reply } from "../resp/types.ts";
import { type SessionState, stateName } from "./session.ts";

/** The error for what is no packed command: no reply would ever come. */
function noPacked(): TypeError {
  return new TypeError(
    "Cannot send packed commands: they must be a Uint8Array that is not empty, as packCommand() makes it",
  );
}

/** Follows the commands in packed bytes. Bytes that are no whole commands leave a connection that nobody can vouch for. */
export function notePacked(session: SessionState, bytes: Uint8Array): void {
  if (!isBytes(bytes) || bytes.length === 0) throw noPacked();
  const reader = new Decoder({
    begin: () => DecodeMode.bytes,
    reply: (words: Reply) => {
      if (!Array.isArray(words)) return session.taint();
      const name = stateName(words as Arg[]);
      // Confirmations come as frames: how many replies that leaves is more than is known here.
      if (name.endsWith("SUBSCRIBE")) session.taint();
      session.note(name, words.slice(1) as Arg[]);
    },
    error: () => session.taint(),
    push: () => session.taint(),
  });
  try {
    reader.write(bytes);
    if (reader.partial) session.taint();
  } catch {
    session.taint();
  }
}
