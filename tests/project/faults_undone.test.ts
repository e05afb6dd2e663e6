/**
 * A test undoes its changes to a shared server in every case: by `await using`, or in `finally`. A test that
 * fails in between must not make later tests fail.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type Token, tokenize } from "../../scripts/layers/tokens.ts";

const TESTS = fileURLToPath(new URL("..", import.meta.url));
/** The functions that return an `Undo`: see `tests/harness/process_faults.ts`. */
const FAULTS = "freeze limitClients limitOutput exhaustMemory demandReplicas failSaves pauseClients".split(
  " ",
);
/** Their servers are their own, or what they change is what they test. */
const EXEMPT = /^(harness|commands|containers)\/|^promises\/secrets\./;

/** Methods whose call changes a server, whatever is behind these words. */
const CHANGES: readonly RegExp[] = [
  /^\. kill \( "SIGSTOP"/,
  /^\. (configSet|replicaof|clientPause) \(/,
  /^\. (cli|command) \( "(CONFIG" , "SET|CLIENT" , "PAUSE|REPLICAOF)"/,
];

/** A block in braces; `guard`: one of `try ... finally`. */
interface Block {
  readonly start: number;
  end: number;
  guard: boolean;
  readonly outer: Block | undefined;
  readonly inner: Block[];
}

/** The blocks of a file, the file itself first. */
function blocksOf(tokens: readonly Token[]): Block[] {
  const file: Block = { start: -1, end: tokens.length, guard: false, outer: undefined, inner: [] };
  const all = [file];
  let open = file;
  // The parts of a `try` that ended just before: they are guarded when `finally` follows.
  let parts: Block[] = [];
  tokens.forEach(({ kind, text }, at) => {
    if (kind !== "sign") return;
    if (text === "{") {
      const block: Block = { start: at, end: at, guard: false, outer: open, inner: [] };
      open.inner.push(block);
      all.push(open = block);
    } else if (text === "}" && open.outer !== undefined) {
      open.end = at;
      const before = tokens[open.start - 1]?.text;
      const next = tokens[at + 1]?.text;
      if (before === "finally") { for (const part of [...parts, open]) part.guard = true; }
      parts = next === "catch" || next === "finally" ? [...(before === "try" ? [] : parts), open] : [];
      open = open.outer;
    }
  });
  return all;
}

/** Returns the changes that a file leaves behind when one of its tests fails. */
function leftBehind(path: string, source: string): string[] {
  // Servers in memory are a test's own.
  if (!/\bstart[A-Z]\w*\(/.test(source)) return [];
  const tokens = tokenize(source);
  const blocks = blocksOf(tokens);
  return tokens.flatMap((token, at) => {
    const words = tokens.slice(at, at + 8).map(({ kind, text }) =>
      kind === "string" ? JSON.stringify(text) : text
    );
    const before = tokens.slice(Math.max(0, at - 5), at).map(({ text }) => text).join(" ");
    // Methods of these names are those of proxies and peers, which a test has for itself.
    const fault = token.kind === "word" && FAULTS.includes(token.text) && words[1] === "(" &&
      !before.endsWith(".");
    if (!fault && !CHANGES.some((change) => change.test(words.join(" ")))) return [];
    if (fault && /(^| )await using \w+ = await$/.test(before)) return [];
    const receiver = tokens[at - 1]?.text;
    let block = blocks.findLast(({ start, end }) => start < at && at < end);
    for (; block !== undefined; block = block.outer) {
      const within = tokens.slice(Math.max(0, block.start), at).map(({ text }) => text).join(" ");
      if (block.outer !== undefined && within.includes(`await using ${receiver} = await startServer (`)) {
        return [];
      }
      // What all tests of a file find so is no test's fault.
      const opening = tokens.slice(Math.max(0, block.start - 8), block.start).map(({ text }) => text);
      if (opening.includes("before")) return [];
      if (block.guard || block.inner.some(({ start, guard }) => guard && start > at)) return [];
    }
    return [`${path}:${token.line}: ${words.join(" ")}`];
  });
}

describe("what a test does to a server", () => {
  it("is undone whatever becomes of the test", () => {
    const paths = readdirSync(TESTS, { recursive: true, encoding: "utf8" })
      .map((path) => path.replaceAll("\\", "/"))
      .filter((path) => path.endsWith(".test.ts") && !EXEMPT.test(path));
    assert.ok(paths.length > 80, `${paths.length} files`);
    assert.deepEqual(paths.flatMap((path) => leftBehind(path, readFileSync(join(TESTS, path), "utf8"))), []);
  });

  const body = (text: string): string[] =>
    leftBehind("x.ts", `const server = await startServer();\nit("x", async () => {\n${text}\n});`);

  it("is found where it is not", () => {
    for (
      const text of [
        "const frozen = await freeze(server); await frozen.undo();",
        "await limitClients(server, 1);",
        'await server.kill("SIGSTOP"); await redis.get("k"); await server.kill("SIGCONT");',
        'await server.cli("CONFIG", "SET", "maxclients", 1);',
        'try { await redis.get("k"); } finally {} await redis.configSet("maxmemory", 1);',
        'try { await redis.replicaof("h", 1); } catch {}',
      ]
    ) assert.equal(body(text).length, 1, text);
  });

  it("is let alone where it is", () => {
    for (
      const text of [
        "await using frozen = await freeze(server);",
        "const frozen = await freeze(server); try { await redis.ping(); } finally { await frozen.undo(); }",
        'await server.kill("SIGSTOP"); try { await redis.get("k"); } finally { await server.kill("SIGCONT"); }',
        'try { await redis.configSet("a", 1); } finally { await redis.configSet("a", 0); }',
        'await server.cli("CONFIG", "GET", "maxclients"); await server.kill("SIGKILL");',
        'await using own = await startServer(); await own.cli("CONFIG", "SET", "maxclients", 1);',
      ]
    ) assert.deepEqual(body(text), [], text);
  });
});
