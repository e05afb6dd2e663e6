/**
 * Decides which error replies prove that a command was not executed.
 *
 * | command                                                                  | proof                                        |
 * | ------------------------------------------------------------------------ | -------------------------------------------- |
 * | runs no code but the server's                                            | the code of the reply ({@linkcode REFUSALS}) |
 * | runs a script, a function or a module's code, or is unknown to the table | the reply, word for word the server's own    |
 *
 * A script can write and then return any error, also the error of a command that it called. So only error texts count
 * that no command called by a script can cause.
 *
 * @module
 */

/**
 * Whether the server executed the failed command. `"no"`: it was never sent, or the reply proves that it was refused.
 * `"yes"`: the server processed it. `"unknown"`: it was sent and no reply arrived, or the reply may be that of a
 * script that had written before.
 */
export type Executed = "no" | "yes" | "unknown";

/** The flag of commands that run code that is not the server's own: `CommandFlag.opaque`. */
export const OPAQUE = 128;

/** Codes with which servers refuse a command before they execute it. */
export const REFUSALS: ReadonlySet<string> = new Set([
  "MOVED",
  "ASK",
  "TRYAGAIN",
  "CLUSTERDOWN",
  "CROSSSLOT",
  "LOADING",
  "READONLY",
  "NOAUTH",
  "WRONGPASS",
  "NOPERM",
  "NOPROTO",
  "MASTERDOWN",
  "BUSY",
  "EXECABORT",
  "NOSCRIPT",
  "OOM",
  "MISCONF",
  "NOREPLICAS",
  "UNBLOCKED",
]);

/**
 * The texts of Redis 6.0 to 8.6 and Valkey 8 and 9 (and of forks, which put their own name) that a command called by a
 * script cannot cause. Not among them, as it can: `OOM command not allowed`, `READONLY You can't write`, `NOREPLICAS`,
 * `MISCONF` and `MASTERDOWN` without a word of scripts, `NOPERM` that names a key or another command.
 */
const PROOFS: readonly RegExp[] = [
  /^(MOVED|ASK) \d{1,5} \S*:\d{1,5}$/,
  /^TRYAGAIN Multiple keys request during rehashing of slot$/,
  /^CLUSTERDOWN (Hash slot not served|The cluster is down( and only accepts read commands)?)$/,
  /^CROSSSLOT Keys in request don't hash to the same slot$/,
  /^LOADING \w+ is loading the dataset in memory$/,
  /^BUSY \w+ is busy running a (module command|script\. You can only call (SCRIPT|FUNCTION) KILL or SHUTDOWN NOSAVE)\.$/,
  /^NOAUTH Authentication required\.$/,
  /^NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call\./,
  /^OOM allow-oom flag is not set on the script/,
  /^READONLY Can not run script with write flag on readonly replica$/,
  /^MASTERDOWN .* and 'allow-stale' flag is not set on the script\.$/,
  /^MISCONF .* Writable scripts are blocked\. Use 'no-writes' flag for read only scripts\./,
];

/** Refusals that only some commands can cause. */
const OWN: ReadonlyMap<string, RegExp> = new Map([
  ["evalsha", /^NOSCRIPT No matching script\./],
  ["evalsha_ro", /^NOSCRIPT No matching script\./],
  ["exec", /^EXECABORT /],
  ["auth", /^WRONGPASS /],
  ["hello", /^(WRONGPASS|NOPROTO) /],
]);

/** The suffix that servers add to an error that ended a script. Such a script did run. */
const RAISED_BY_SCRIPT = / script: (\S+, )?on @\w+:\d+\.?$/;

/** Returns `executed` for an error reply to a command that runs no scripts. */
export function executedByReply(message: string, code: string): Executed {
  return REFUSALS.has(code) || (code === "ERR" && /^ERR unknown (sub)?command/i.test(message)) ? "no" : "yes";
}

/** Returns `executed` for an error reply with the code of a refusal to a command with the flag `opaque`. */
export function executedByOpaqueReply(message: string, name: string): Executed {
  if (PROOFS.some((text) => text.test(message)) || refusesByName(message, name.toLowerCase())) return "no";
  return RAISED_BY_SCRIPT.test(message) ? "yes" : "unknown";
}

/** `NOPERM User bob has no permissions to run the 'eval' command`: a command called by a script has another name. */
function refusesByName(message: string, name: string): boolean {
  if (OWN.get(name)?.test(message) === true) return true;
  const found =
    /^NOPERM .*has no permissions to run the '([^']*)' command( or its subcommand)?$/i.exec(message) ??
      /^ERR unknown command ['`]([^'`]*)['`]/i.exec(message);
  return found?.[1]?.toLowerCase().replace("|", " ") === name;
}
