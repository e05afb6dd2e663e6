/**
 * The outcome of a write with `once()`, queried later and from any process.
 *
 * @module
 */
import { isBytes } from "../../resp/arguments.ts";
import type { Reply } from "../../resp/types.ts";
import type { ClientCore } from "../client_core.ts";
import { prepared } from "../executor.ts";
import { onceCall, onceTtl, preparedRecord } from "./once_record.ts";
import { readOutcome } from "./once_script.ts";

/** Options of `outcome()`. */
export interface OutcomeOptions {
  /** A key of the write; a cluster needs it to find the slot. */
  readonly key?: string | Uint8Array;
  /**
   * Forbids what has not run: `executed: "no"` is then final, and the write rejects with the code `ONCE_CANCELLED` if it
   * arrives later. Default `false`.
   */
  readonly cancel?: boolean;
  /** With `cancel`: milliseconds for which it is forbidden. Default 600,000. */
  readonly ttl?: number;
}

/** The outcome of a write with an id. `reply` is the unparsed reply of the server. */
export type Outcome =
  | { readonly executed: "yes"; readonly reply: Reply }
  | { readonly executed: "no"; readonly reply?: undefined };

const KNOWN: ReadonlySet<string> = new Set(["key", "cancel", "ttl"]);

/** Asks the server for the record of an id. */
export async function outcomeOf(core: ClientCore, id: string, options: OutcomeOptions): Promise<Outcome> {
  if (typeof id !== "string" || id === "") {
    throw new TypeError("Cannot ask for an outcome: the id must be text, and not empty");
  }
  const { key, cancel, ...rest } = options;
  for (const name of Object.keys(options)) {
    if (!KNOWN.has(name)) {
      throw new TypeError(
        `Cannot use the option \`${name}\` of outcome(): there are ${[...KNOWN].join(", ")}`,
      );
    }
  }
  // A wrong value that counts as "no" would not forbid the write.
  if (cancel !== undefined && typeof cancel !== "boolean") {
    throw new TypeError("Cannot use the option `cancel` of outcome(): it must be true or false");
  }
  if (key !== undefined && typeof key !== "string" && !isBytes(key)) {
    throw new TypeError("Cannot use the option `key` of outcome(): it is neither text nor a Uint8Array");
  }
  const ttl = onceTtl(rest);
  const { executor, call } = core;
  const spread = executor.hasSlots === true;
  if (spread && key === undefined) {
    throw new TypeError(
      "Cannot ask for an outcome in a cluster without the option `key`: a key of the write",
    );
  }
  const sent = key === undefined ? undefined : executor.prepareKey?.(key) ?? key;
  const record = preparedRecord(executor, id, spread ? sent : undefined);
  const command = readOutcome(record, cancel === true ? ttl : undefined);
  prepared.add(command);
  const [found, reply] = await executor.execute(command, onceCall(call)) as [number, Reply];
  return found === 1 ? { executed: "yes", reply: reply ?? null } : { executed: "no" };
}
