/**
 * Nothing that a test started outlives it. A small shell, one for each test process, is told of every server, every
 * container and every folder; when the test process ends, in whatever way (an exception, SIGKILL), the pipe between them closes,
 * and the shell kills and removes what was not stopped in order.
 *
 * @module
 */
import { spawn } from "node:child_process";
import type { Writable } from "node:stream";

// Lines: "+ pid", "- pid" (it has ended: its number may be somebody else's by now), "+ /folder", "- /folder",
// "+ @container", "- @container".
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
    // Its own session, so that a Ctrl-C or a signal to the group of the tests does not end it before its work.
    const shell = spawn("sh", ["-c", SCRIPT], { stdio: ["pipe", "ignore", "ignore"], detached: true });
    pipe = shell.stdin;
    shell.unref();
    (pipe as Writable & { unref?: () => void }).unref?.();
  }
  pipe.write(`${line}\n`);
}

/** From now on this process, this folder (an absolute path) or this container (`@` and its id) goes when the test process goes. */
export function guard(what: number | string): void {
  tell(`+ ${what}`);
}

/** It has ended, or is removed; the watchdog may forget it. */
export function release(what: number | string): void {
  tell(`- ${what}`);
}
