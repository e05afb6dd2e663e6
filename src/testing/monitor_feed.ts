/**
 * The output of MONITOR.
 *
 * @module
 */
import { Simple } from "./reply.ts";
import type { Session } from "./state.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\x07": "\\a",
  "\b": "\\b",
  '"': '\\"',
  "\\": "\\\\",
};

/** Returns a quoted text with unprintable characters in hexadecimal. */
export function quote(text: string): string {
  let quoted = '"';
  for (const char of text) {
    const code = char.charCodeAt(0);
    quoted += ESCAPES[char] ??
      (code < 32 || code > 126 ? `\\x${code.toString(16).padStart(2, "0")}` : char);
  }
  return quoted + '"';
}

/** Returns the words of a command without passwords. */
function redacted(args: readonly string[]): readonly string[] {
  const name = args[0]!.toLowerCase();
  if (name === "auth") return args.map((word, index) => index === 0 ? word : "(redacted)");
  const at = name === "hello" ? args.findIndex((word) => /^auth$/i.test(word)) : -1;
  return at < 0
    ? args
    : args.map((word, index) => index === at + 1 || index === at + 2 ? "(redacted)" : word);
}

/** Sends a command to all who monitor. */
export function feedMonitors(session: Session, args: readonly string[]): void {
  const { server } = session;
  const seconds = Math.floor(server.now / 1000);
  const micros = String(Math.floor((server.time.exact() % 1000) * 1000)).padStart(6, "0");
  const from = session.script ? "lua" : session.link?.address ?? "";
  const line = new Simple(
    `${seconds}.${micros} [${session.db.index} ${from}] ${redacted(args).map(quote).join(" ")}`,
  );
  for (const monitor of server.monitors) monitor.send(line);
}
