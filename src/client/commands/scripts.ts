/**
 * Sends scripts to servers that may not know them.
 *
 * Over a shared connection the first call of a script contains its source (`connections/sent_scripts.ts`), the others
 * its SHA-1. If the server replies NOSCRIPT (after SCRIPT FLUSH), the sender of the connection sends the source
 * again, in order. On a dedicated connection a script is sent by its SHA-1, and with its source after NOSCRIPT. In a
 * pipeline or a transaction the first call of each script always contains the source. This costs the source once a
 * pipeline, and needs no state that a restart, a failover or SCRIPT FLUSH could invalidate.
 *
 * @module
 */
import type { Clock } from "../../clock.ts";
import { type Command, CommandFlag } from "../../commands/command.ts";
import type { ScriptCommand } from "../../commands/script.ts";
import { withUnknownOutcome } from "../../connection/failures.ts";
import { isRefusal, ReplyError } from "../../errors.ts";
import type { Call } from "../executor.ts";

/**
 * Runs a command with the flag `scripted` (a `ScriptCommand`) by itself; `run` sends it. `resends`: after a NOSCRIPT `run`
 * sends it whole by itself.
 */
export async function runScript(
  command: Command,
  call: Call,
  clock: Clock,
  run: (command: Command, call: Call) => Promise<unknown>,
  resends: boolean,
): Promise<unknown> {
  const script = command as ScriptCommand;
  const end = clock.now() + call.timeout;
  // One deadline covers both tries. If no time is left, the shortest timeout rejects with the usual error.
  const rest = (): Call => call.timeout === 0 ? call : { ...call, timeout: Math.max(end - clock.now(), 1) };
  let refusal: ReplyError;
  try {
    return await run(script, call);
  } catch (error) {
    if (!(error instanceof ReplyError && isRefusal(error))) throw error;
    const unknown = error.code === "NOSCRIPT" && !resends;
    // Servers before Redis 7.0 have no read-only variants.
    if (!unknown && (error.code !== "ERR" || !script.readOnly)) throw error;
    refusal = error;
  }
  try {
    if (refusal.code === "NOSCRIPT") return await run(script.whole, rest());
    return await runScript(script.writing, rest(), clock, run, resends);
  } catch (error) {
    // The policy has repeated what may have run, and the server that it was repeated at did not know the script.
    throw refusal.executed === "no" ? error : withUnknownOutcome(error);
  }
}

/** The commands as they are sent in one flight: the first call of each script whole. */
export function withSources(commands: readonly Command[]): readonly Command[] {
  let sent: Set<unknown> | undefined;
  let made: Command[] | undefined;
  for (let index = 0; index < commands.length; index++) {
    const command = commands[index]!;
    if ((command.spec.flags & CommandFlag.scripted) === 0) continue;
    made ??= commands.slice();
    sent ??= new Set();
    const digest = command.args[0];
    if (sent.has(digest)) continue;
    sent.add(digest);
    made[index] = (command as ScriptCommand).whole;
  }
  return made ?? commands;
}
