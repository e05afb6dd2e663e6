/**
 * The flags of a script or a function: from its first line, or from `redis.register_function`.
 *
 * @module
 */
import { err, type ErrorReply } from "../reply.ts";
import { splitWords } from "../words.ts";

/** All flags, in the order in which FUNCTION LIST names them. */
export const SCRIPT_FLAGS: readonly string[] = [
  "no-writes",
  "allow-oom",
  "allow-stale",
  "no-cluster",
  "allow-cross-slot-keys",
];

/** The flags; none where a script has no line for them, which permits more. */
export type ScriptFlags = ReadonlySet<string> | undefined;

/** The first line of a script: its flags, and where the code behind it begins. */
export interface ScriptHeader {
  /** The flags. */
  readonly flags: ScriptFlags;
  /** Characters before the code. */
  readonly length: number;
}

/** Reads `#!lua flags=no-writes`; a script needs no such line. */
export function readHeader(body: string): ScriptHeader | ErrorReply {
  if (!body.startsWith("#!")) return { flags: undefined, length: 0 };
  const end = body.indexOf("\n");
  if (end < 0) return err("Invalid script shebang");
  const words = splitWords(body.slice(0, end));
  if (words === undefined || words.length === 0) return err("Invalid engine in script shebang");
  if (words[0] !== "#!lua") return err(`Unexpected engine in script shebang: ${words[0]}`);
  const flags = new Set<string>();
  for (const word of words.slice(1)) {
    if (!word.startsWith("flags=")) return err(`Unknown lua shebang option: ${word}`);
    if (word.length === 6) continue;
    for (const flag of word.slice(6).split(",")) {
      if (!SCRIPT_FLAGS.includes(flag)) return err(`Unexpected flag in script shebang: ${flag}`);
      flags.add(flag);
    }
  }
  return { flags, length: end };
}

/** Whether a command that runs a script is to be treated as one that writes, and as one that needs memory. */
export function commandNeeds(
  flags: ReadonlySet<string>,
): { readonly write: boolean; readonly memory: boolean } {
  const write = !flags.has("no-writes");
  return { write, memory: write && !flags.has("allow-oom") };
}
