/** The command line: which command runs with which options, help, errors and exit codes. @module */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { CliArguments, CliCommand, CliEntry } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { main } from "../../src/cli/main.ts";
import { FakeTerminal } from "./terminal.ts";

const received: CliArguments[] = [];
const command: CliCommand = {
  usage: "URL [options]",
  description: "Tries things.",
  options: {
    count: { value: "N", short: "c", description: "How many" },
    tag: { value: "TEXT", multiple: true, description: "A tag" },
    loud: { description: "Be loud" },
  },
  examples: ["keywire try redis://localhost"],
  positionals: [1, 1],
  run(args) {
    received.push(args);
    return args.positionals[0] === "broken" ? Promise.reject(new Error("it broke")) : Promise.resolve(7);
  },
};
const entries: CliEntry[] = [
  { name: "try", summary: "Tries", load: () => Promise.resolve(command) },
];

async function runMain(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  const terminal = new FakeTerminal(args);
  const code = await main(terminal.context, entries);
  return { code, output: terminal.output, errors: terminal.errors };
}

describe("the command line", () => {
  it("gives a command its options, and ends with its code", async () => {
    const { code } = await runMain("try", "u", "-c", "3", "--tag=a", "--tag", "b", "--loud");
    assert.equal(code, 7);
    const { values, positionals } = received.at(-1)!;
    assert.deepEqual([{ ...values }, positionals], [{ count: "3", tag: ["a", "b"], loud: true }, ["u"]]);
  });

  it("ends with 1 after an error of the command", async () => {
    assert.deepEqual(await runMain("try", "broken"), {
      code: 1,
      output: "",
      errors: "keywire try: it broke\n",
    });
  });

  const wrong: [string[], RegExp][] = [
    [[], /^Usage: keywire COMMAND/],
    [
      ["tri"],
      /^keywire: there is no command "tri"\. Did you mean "try"\?\nRun "keywire --help" for help\.\n$/,
    ],
    [["--versoin"], /there is no option "--versoin"/],
    [["help", "xyzzy"], /there is no command "xyzzy"\n/],
    [["try"], /^keywire try: an argument is missing: URL \[options\]\nRun "keywire try --help"/],
    [["try", "a", "b"], /too many arguments: URL/],
    [["try", "a", "--cuont", "1"], /--cuont.*Did you mean "--count"\?/],
    [["try", "a", "--count"], /--count/],
    [["try", "a", "--loud=yes"], /--loud/],
  ];
  for (const [args, message] of wrong) {
    it(`refuses "${args.join(" ")}" with exit code 2`, async () => {
      const { code, output, errors } = await runMain(...args);
      assert.deepEqual([code, output], [2, ""]);
      assert.match(errors, message);
      assert.doesNotMatch(errors, /\n {4}at /);
    });
  }

  for (const args of [["try", "--help"], ["try", "-h"], ["help", "try"], ["--help", "try"]]) {
    it(`shows the help of a command for "${args.join(" ")}"`, async () => {
      const { code, output } = await runMain(...args);
      assert.equal(code, 0);
      assert.match(output, /^Usage: keywire try URL[^]*-c, --count N[^]*--loud [^]*keywire try redis:/);
    });
  }

  it("lists the commands, each on a line", async () => {
    const { code, output } = await runMain("--help");
    assert.equal(code, 0);
    assert.match(output, /^ {2}try {2}Tries$/m);
  });

  for (const { name, load } of COMMANDS) {
    it(`has a help for ${name} that fits a wide terminal`, async () => {
      const own = await load();
      const terminal = new FakeTerminal([name, "--help"]);
      assert.equal(await main(terminal.context), 0);
      for (const option of Object.keys(own.options)) {
        assert.match(terminal.output, new RegExp(`--${option}\\b`));
      }
      assert.deepEqual(terminal.output.split("\n").filter((line) => line.length > 120), []);
    });
  }

  it("is a program with exit codes", async () => {
    const program = fileURLToPath(new URL("../../cli.ts", import.meta.url));
    const rights = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];
    const ended = async (...args: string[]): Promise<[number | null, string]> => {
      const child = spawn(process.execPath, [...rights, program, ...args], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      const code = new Promise<number | null>((resolve) => child.once("close", resolve));
      const [output, errors] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
      return [await code, output + errors.split("\n")[0]];
    };
    assert.deepEqual(await Promise.all([ended("--version"), ended("srve")]), [
      [0, "0.1.0\n"],
      [2, 'keywire: there is no command "srve". Did you mean "serve"?'],
    ]);
  });
});
