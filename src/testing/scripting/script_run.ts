/**
 * A script that is running, and the commands that it calls.
 *
 * @module
 */
import { denied, onDenied } from "../acl/check.ts";
import { call, countError, hasArity, lookup } from "../dispatch.ts";
import { OOM } from "../memory_limit.ts";
import { BLOCKED, ErrorReply, NOREPLICAS, NULL_ARRAY, type ReplyValue } from "../reply.ts";
import type { Command, Session } from "../state.ts";

/** A run of a script or a function. */
export interface ScriptRun {
  /** The client that called the script. */
  readonly caller: Session;
  /** The session that runs the script's commands. */
  readonly session: Session;
  /** The hash of the script, or the name of the function. */
  readonly name: string;
  /** Whether it may not write. */
  readonly readOnly: boolean;
  /** Whether memory was exhausted at the start and the script has no flag to allow that. */
  readonly oom: boolean;
  /** Whether keys of several slots may be used. */
  readonly crossSlot: boolean;
  /** Whether it has written: then it is not refused any more. */
  wrote: boolean;
  /** Whether its effects go to replicas: `redis.set_repl`. */
  replicates: boolean;
}

/** A refusal: counted for INFO, as Redis does. */
function refuse(run: ScriptRun, text: string, command?: Command): ErrorReply {
  const error = new ErrorReply(text, true);
  countError(run.session.server, error);
  if (command !== undefined) command.stats.rejected++;
  return error;
}

function forbidden(run: ScriptRun, command: Command, args: string[]): string | undefined {
  const { server } = run.session;
  const denial = denied(run.session.user, command, args);
  if (denial !== undefined) {
    onDenied.report(run.session, denial);
    return `ERR The user executing the script ${deniedText(denial.reason)}`;
  }
  const writes = command.write;
  if (run.readOnly && (writes || command.mayReplicate)) {
    return "ERR Write commands are not allowed from read-only scripts.";
  }
  if (!writes || run.wrote) return undefined;
  if (server.lacksReplicas) return NOREPLICAS.text;
  if (server.replication.master !== undefined && server.config.flag("replica-read-only")) {
    return "READONLY You can't write against a read only replica.";
  }
  return run.oom && command.flags.has("denyoom") ? OOM.text : undefined;
}

function deniedText(reason: string): string {
  if (reason === "command") return "can't run this command or subcommand";
  if (reason === "key") return "can't access at least one of the keys mentioned in the command arguments";
  return "can't publish to the channel mentioned in the command";
}

/** Does a command for a script. Returns its reply, or the error with which it is refused. */
export function callFromScript(run: ScriptRun, args: string[]): ReplyValue {
  const { session } = run;
  const { server } = session;
  const command = lookup(server, args);
  if (command instanceof ErrorReply) return refuse(run, "ERR Unknown Redis command called from script");
  if (!hasArity(command, args)) {
    return refuse(run, "ERR Wrong number of args calling Redis command from script", command);
  }
  if (command.flags.has("noscript")) {
    return refuse(run, "ERR This Redis command is not allowed from script", command);
  }
  const why = forbidden(run, command, args);
  if (why !== undefined) return refuse(run, why, command);
  if (command.write) run.wrote = true;
  session.asking = run.caller.asked;
  const elsewhere = server.hooks.route?.(session, command, args);
  if (elsewhere !== undefined) {
    const down = elsewhere instanceof ErrorReply && elsewhere.text.startsWith("CLUSTERDOWN");
    return refuse(
      run,
      down
        ? "ERR Script attempted to execute a command while the cluster is down"
        : "ERR Script attempted to access a non local key in a cluster node",
      command,
    );
  }
  const { silent } = server.replication;
  server.replication.silent = silent || !run.replicates;
  try {
    const reply = call(session, command, args);
    return reply === BLOCKED ? NULL_ARRAY : reply;
  } finally {
    server.replication.silent = silent;
  }
}
