/**
 * The keys of earlier commands, to decide whether the order of another command matters.
 *
 * @module
 */
import { type Command, CommandFlag } from "../../commands/command.ts";
import { keysOf } from "../../commands/keys.ts";
import type { Pending } from "../../connection/pending.ts";
import { ReplyError } from "../../errors.ts";

/** Whether a command only reads. */
export function isReadonly({ command: { spec } }: Pending): boolean {
  return (spec.flags & CommandFlag.readonly) !== 0;
}

/** The keys that commands have used. */
export class UsedKeys {
  /** Whether a key was written. */
  readonly #written: Map<string | undefined, boolean> = new Map();

  /** Adds the keys of a command. */
  add(pending: Pending): void {
    const writes = !isReadonly(pending);
    for (const name of namesOf(pending)) this.#written.set(name, writes || this.#written.get(name) === true);
  }

  /** Whether one of the commands uses a key of this one, and one of the two writes. */
  conflictsWith(pending: Pending): boolean {
    const names = namesOf(pending);
    const shared = names.includes(ANY)
      ? [...this.#written.values()]
      : [...names, ANY].map((name) => this.#written.get(name));
    return shared.some((written) => written !== undefined && (written || !isReadonly(pending)));
  }
}

/** The error for a command that is not sent again, as a later one would be overtaken by it. */
export function overtaken(error: Error): ReplyError {
  const why = "it is not sent again, as a later command on the same key has run";
  return new ReplyError(`${error.message} (${why})`, { executed: "no", cause: error });
}

/** Stands for the keys of a command whose keys are not known. */
const ANY = undefined;

const latin1 = /* @__PURE__ */ new TextDecoder("latin1");
const utf8 = /* @__PURE__ */ new TextEncoder();

/** The keys of a command as texts that are the same for the same bytes. */
function namesOf({ command }: Pending): (string | undefined)[] {
  const names = keysOf(command as Command).map((key) =>
    latin1.decode(key instanceof Uint8Array ? key : utf8.encode(String(key)))
  );
  return names.length === 0 ? [ANY] : names;
}
