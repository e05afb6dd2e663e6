/** `keywire completion`, in the shells themselves where they are installed. @module */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { COMMANDS } from "../../src/cli/commands.ts";
import { main } from "../../src/cli/main.ts";
import { removeFolder, temporaryFolder } from "../harness/folders.ts";
import { FakeTerminal } from "./terminal.ts";

/** Lines and the last word that they are completed to; each has one possibility. */
const LINES: readonly (readonly [line: string, completed: string])[] = [
  ["keywire do", "doctor"],
  ["keywire doctor --j", "--json"],
  ["keywire top --co", "--count"],
  ["keywire bench redis://h --d", "--duration"],
  ["keywire top redis:", "redis://"],
  ["keywire completion z", "zsh"],
  ["keywire serve --sentinel-pa", "--sentinel-password"],
  ["keywire serve --config a=b --conf", "--config"],
  ["keywire serve --path files/", "files/socket"],
  ["keywire --v", "--version"],
];

/** Prints, for each line on the standard input of zsh, what it makes of it after a tab. */
const ZSH = String.raw`
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PROMPT=; setopt nobeep; autoload -U compinit; compinit -u -D; source ./zsh; show() { print -r -- \"<\$BUFFER>\"; BUFFER=; }; zle -N show; bindkey '^]' show; print -r -- REA\"\"DY"
zpty -r z out '*READY*'
while read -r line; do
  zpty -w -n z "$line"$'\t\x1d'
  zpty -r z out '*<keywire[^>]#>*'
  print -r -- "\${\${out##*<}%%>*}"
done
zpty -d z
`.replaceAll("\\${", "${");

let folder: string;
before(async () => {
  folder = temporaryFolder();
  mkdirSync(join(folder, "files"));
  writeFileSync(join(folder, "files", "socket"), "");
  for (const shell of ["bash", "zsh", "fish"]) {
    const terminal = new FakeTerminal(["completion", shell]);
    assert.equal(await main(terminal.context), 0);
    writeFileSync(join(folder, shell), terminal.output);
  }
});
after(() => removeFolder(folder));

const input = LINES.map(([line]) => `${line}\n`).join("");

/** The last words after completion, by shell. */
const COMPLETE: Readonly<Record<string, () => string[]>> = {
  bash() {
    const script = `source ./bash
while read -ra COMP_WORDS; do
  COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )); COMPREPLY=(); _keywire; echo "\${COMPREPLY[@]}"
done`;
    return execFileSync("bash", ["-c", script], { cwd: folder, input, encoding: "utf8" }).trim().split("\n");
  },
  fish() {
    const script = "source ./fish; while read line; complete -C $line; echo; end";
    const output = execFileSync("fish", ["--no-config", "-c", script], {
      cwd: folder,
      input,
      encoding: "utf8",
      timeout: 60_000,
    });
    return output.trim().split("\n\n").map((each) => each.split("\t")[0]!);
  },
  zsh() {
    const output = execFileSync("zsh", ["-f", "-o", "extendedglob", "-c", ZSH], {
      cwd: folder,
      input,
      encoding: "utf8",
      timeout: 60_000,
    });
    return output.trim().split("\n").map((line) => line.trimEnd().replace(/=$/, "").split(" ").at(-1)!);
  },
};

describe("completion", () => {
  for (const [shell, complete] of Object.entries(COMPLETE)) {
    const skip = "Deno" in globalThis || "Bun" in globalThis
      ? "the shell is the same, whatever starts it"
      : spawnSync(shell, ["-c", "exit"]).error !== undefined && `${shell} is not installed`;
    it(`${shell} completes commands, options, their words and paths`, { skip }, () => {
      assert.deepEqual(complete(), LINES.map(([, completed]) => completed));
    });
  }

  for (const shell of Object.keys(COMPLETE)) {
    it(`the script for ${shell} names all commands and options`, async () => {
      const terminal = new FakeTerminal(["completion", shell]);
      assert.equal(await main(terminal.context), 0);
      for (const { name, load } of COMMANDS) {
        for (const word of [name, ...Object.keys((await load()).options)]) {
          assert.ok(terminal.output.includes(word), word);
        }
      }
    });
  }

  it("names the shells when it does not know one; exit code 2", async () => {
    const terminal = new FakeTerminal(["completion", "tcsh"]);
    assert.equal(await main(terminal.context), 2);
    assert.match(terminal.errors, /there are bash, zsh, fish/);
  });
});
