/**
 * Ends everything that a test started when the test process ends. A small shell, one for each test process, gets the
 * id of each server, container and folder. When the test process ends in any way (an exception, SIGKILL), the pipe
 * between them closes, and the shell kills and removes the rest.
 *
 * @module
 */
import { spawn } from "node:child_process";
import type { Writable } from "node:stream";

// Lines: "+ pid", "- pid" (it has ended, so another process may have its id), "+ /folder", "- /folder", "+
// @container", "- @container".
const SCRIPT = `
trap '' INT TERM HUP
pids=' ' folders=''
while read -r sign name; do
  case "$sign$name" in
    +/*) folders="$folders
$name" ;;
    -/*) ;;
    +*) pids="$pids$name " ;;
    -*) case "$pids" in *" $name "*) pids="\${pids%%" $name "*} \${pids#*" $name "}" ;; esac ;;
  esac
done
for pid in $pids; do
  case "$pid" in
    @*) docker rm -f "\${pid#@}" ;;
    *) kill -9 "$pid" ;;
  esac >/dev/null 2>&1
done
IFS='
'
for folder in $folders; do rm -rf "$folder"; done
`;

let pipe: Writable | undefined;

function tell(line: string): void {
  if (pipe === undefined) {
    // The watchdog has its own session, so that Ctrl-C or a signal to the tests' group does not end it early.
    const shell = spawn("sh", ["-c", SCRIPT], { stdio: ["pipe", "ignore", "ignore"], detached: true });
    pipe = shell.stdin;
    shell.unref();
    (pipe as Writable & { unref?: () => void }).unref?.();
  }
  pipe.write(`${line}\n`);
}

/**
 * Registers a process, a folder (an absolute path) or a container (`@` and its id) for removal when the test process
 * ends.
 */
export function guard(what: number | string): void {
  tell(`+ ${what}`);
}

/** Removes the registration of an ended process or removed folder. */
export function release(what: number | string): void {
  tell(`- ${what}`);
}
