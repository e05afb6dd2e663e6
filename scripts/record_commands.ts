/**
 * Records the descriptions of commands from servers (`COMMAND DOCS`, `COMMAND INFO`) for `generate_commands.ts`: one
 * line for each command, without unused fields.
 *
 *     scripts/servers.sh sid redis-server redis-tools valkey-server
 *     scripts/servers.sh experimental redis-server redis-tools
 *     node scripts/record_commands.ts
 *
 * @module
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordedArgument, RecordedCommand } from "./commands/recorded.ts";

const root = join(import.meta.dirname!, "..");

/** The folder of unpacked servers, with one subfolder for each Debian suite. */
const servers = process.argv[2] ?? join(root, ".servers");

/** The used part of `COMMAND DOCS` for one command. */
interface Doc extends Omit<RecordedCommand, "flags" | "tips" | "keys"> {
  deprecated_since?: string;
  replaced_by?: string;
  subcommands?: Record<string, Doc>;
}

/** One entry of `COMMAND INFO`: name, arity, flags, first, last, step, categories, tips, key specs, subcommands. */
type Info = [string, number, string[], number, number, number, string[], string[], KeySpecReply[], Info[]];
type KeySpecReply = RecordedCommand["keys"][number] & { flags?: unknown; notes?: unknown };

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

function argument(from: RecordedArgument): RecordedArgument {
  const { name, type, token, flags, arguments: inner } = from;
  return { name, type, token, flags, arguments: inner?.map(argument) };
}

async function record(
  suite: string,
  kind: string,
  file: string,
  options: string[],
  only?: RegExp,
): Promise<void> {
  const bin = join(servers, suite, "bin");
  const folder = mkdtempSync(join(tmpdir(), "keywire-record-"));
  const port = await freePort();
  writeFileSync(join(folder, "conf"), `port ${port}\nbind 127.0.0.1\nsave ""\ndir ${folder}\n`);
  const server = spawn(join(bin, `${kind}-server`), [join(folder, "conf"), ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  try {
    await new Promise<void>((resolve, reject) => {
      let log = "";
      server.once("exit", () => reject(new Error(`Cannot start ${kind}-server:\n${log}`)));
      server.stdout.on("data", (chunk) => {
        log += chunk;
        if (/Ready to accept connections|Sentinel ID|Running mode=sentinel/.test(log)) resolve();
      });
    });
    const ask = (...words: string[]) =>
      JSON.parse(
        execFileSync(join(bin, `${kind}-cli`), ["-p", `${port}`, "--json", ...words], {
          encoding: "utf8",
          maxBuffer: 2 ** 26,
        }),
      );
    const docs = new Map<string, Doc>();
    const collect = (from: Record<string, Doc>) => {
      for (const [name, doc] of Object.entries(from)) {
        docs.set(name.toLowerCase(), doc);
        if (doc.subcommands) collect(doc.subcommands);
      }
    };
    collect(ask("COMMAND", "DOCS"));
    const lines: string[] = [];
    const write = (info: Info) => {
      const [name, , flags, , , , , tips, keys, subcommands] = info;
      const doc = docs.get(name.toLowerCase());
      if (!only || only.test(name)) {
        const entry: RecordedCommand = {
          summary: doc?.summary,
          since: doc?.since,
          group: doc?.group,
          complexity: doc?.complexity,
          deprecated: doc?.deprecated_since,
          replaced: doc?.replaced_by,
          arguments: doc?.arguments?.map(argument),
          flags: flags.filter((flag) => ["readonly", "write", "blocking"].includes(flag)),
          tips: tips.filter((tip) => /policy/.test(tip)),
          keys: keys.map(({ begin_search, find_keys }) => ({ begin_search, find_keys })),
          container: subcommands.length > 0 ? true : undefined,
        };
        lines.push(`${JSON.stringify(name.toUpperCase().replace("|", " "))}: ${JSON.stringify(entry)}`);
      }
      for (const subcommand of subcommands) write(subcommand);
    };
    for (const info of ask("COMMAND", "INFO") as Info[]) write(info);
    lines.sort();
    writeFileSync(join(root, "scripts/commands", file), `{\n${lines.join(",\n")}\n}\n`);
    console.log(`${file}: ${lines.length} commands`);
  } finally {
    server.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

await record("experimental", "redis", "redis-8.6.json", []);
await record("sid", "valkey", "valkey-9.1.json", []);
await record("experimental", "redis", "sentinel-8.6.json", ["--sentinel"], /^sentinel/i);
