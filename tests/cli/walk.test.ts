/** A walk over the table of commands: help, wrong arguments, exit codes, secrets, colors and interrupts of each. @module */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import type { CliCommand } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { main } from "../../src/cli/main.ts";
import { TestServer } from "../../testing.ts";
import { FakeTerminal } from "./terminal.ts";

const SECRET = "hush-hush";

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs the command line; nothing that it prints may have the secret, or an escape sequence outside a terminal. */
async function run(
  args: readonly string[],
  env: Record<string, string> = {},
  columns?: number,
): Promise<Ended> {
  const terminal = new FakeTerminal(args, env, columns);
  const code = await main(terminal.context);
  const { output, errors } = terminal;
  const what = `${args.join(" ")}\n${output}${errors}`;
  assert.ok(!(output + errors).includes(SECRET), `it shows a secret: ${what}`);
  if (columns === undefined) assert.ok(!(output + errors).includes("\x1b"), `it has colors: ${what}`);
  assert.doesNotMatch(output + errors, /\n {4}at |undefined|\[object/, what);
  return { code, output, errors };
}

/** Wrong arguments: exit code 2, nothing on the standard output, a line with the reason and one with the help. */
async function refused(name: string, args: readonly string[]): Promise<string> {
  const { code, output, errors } = await run([name, ...args]);
  assert.deepEqual([code, output], [2, ""], `${name} ${args.join(" ")}: ${errors}`);
  const lines = errors.split("\n");
  assert.equal(lines.length, 3, errors);
  assert.ok(lines[0]!.startsWith(`keywire ${name}: `), errors);
  assert.equal(lines[1], `Run "keywire ${name} --help" for help.`);
  return lines[0]!;
}

/** As many valid positional arguments as a command needs. */
const needed = ({ positionals = [0, 0], words }: CliCommand): string[] =>
  Array.from({ length: positionals[0] }, () => words?.[0] ?? "redis://127.0.0.1:1");

const commands = await Promise.all(COMMANDS.map(async ({ name, load }) => ({ name, own: await load() })));
const withUrl = commands.filter(({ own }) => own.usage.startsWith("URL"));
/** Arguments that make them end soon. */
const SHORT: Readonly<Record<string, readonly string[]>> = {
  doctor: ["--pings", "2"],
  top: ["--count", "1", "--timeout", "30000"],
  bench: ["--duration", "1", "--concurrency", "1"],
};

let server: TestServer;
let url: string;
before(async () => {
  server = new TestServer({ password: SECRET });
  ({ url } = await server.listen());
});
after(() => server.close());

const withPassword = (password: string): string => url.replace("//", `//:${password}@`);

describe("each command", () => {
  for (const { name, own } of commands) {
    it(`${name}: its help names all options, with a description that fits`, async () => {
      const { code, output, errors } = await run([name, "--help"]);
      assert.deepEqual([code, errors], [0, ""]);
      for (const args of [[name, "-h"], ["help", name], [name, ...needed(own), "--help"]]) {
        assert.deepEqual(await run(args), { code: 0, output, errors: "" });
      }
      for (const [option, { value = "", description }] of Object.entries(own.options)) {
        assert.ok(output.includes(`--${option}${value && ` ${value}`} `), option);
        assert.ok(output.includes(description), option);
      }
      for (const line of output.split("\n")) assert.ok(line.length <= 120, line);
    });

    it(`${name}: wrong arguments end with exit code 2, and are not repeated`, async () => {
      await refused(name, [...needed(own), `--no-such-option=${SECRET}`]);
      await refused(name, [...needed(own), "-Z"]);
      await refused(name, [...needed(own), ...needed(own), `redis://:${SECRET}@127.0.0.1`]);
      if (needed(own).length > 0) await refused(name, []);
      for (const [option, { value }] of Object.entries(own.options)) {
        const misspelt = `--${option}x`;
        assert.match(await refused(name, [...needed(own), misspelt]), new RegExp(`Did you mean "--.+"\\?$`));
        const wrong = value === undefined ? [`--${option}=${SECRET}`] : [`--${option}`];
        await refused(name, [...needed(own), ...wrong]);
        if (!/^(N|MS|BYTES)$/.test(value ?? "")) continue;
        for (const number of ["", "many", "1.5", "-1", "1e3", "99999999999999999999"]) {
          await refused(name, [...needed(own), `--${option}=${number}`]);
        }
      }
    });
  }
});

/** URLs that cannot be read, each with a secret. */
const UNREADABLE = [
  `redis://u:${SECRET}@h:99999`,
  `redis://:${SECRET}@[::1`,
  `redis://u:${SECRET}@h:6379/x`,
  `redis://u:${SECRET}/@h`,
  `redis://u:${SECRET}#x@h`,
  `redis://u:${SECRET}%zz@h`,
  `redis://u:${SECRET} @h`,
  `http://u:${SECRET}@h`,
  `u:${SECRET}@h`,
  `redis://h?password=${SECRET}&nope=1`,
  `rediss://h?tls.passphrase=${SECRET}&tls.key=k`,
  `redis-sentinel://u:${SECRET}@h`,
  `redis-sentinel://h/m?sentinelPassword=${SECRET}`,
  `redis-sentinel://u:${SECRET}@h/m?x`,
];

describe("each command with a URL", () => {
  for (const { name, own } of withUrl) {
    const short = SHORT[name]!;

    it(`${name}: refuses URLs that cannot be read, without their secrets`, async () => {
      for (const unreadable of UNREADABLE) {
        if (name !== "doctor") assert.match(await refused(name, [unreadable, ...short]), /Cannot (read|use)/);
        else assert.match((await run([name, unreadable, ...short])).output, /^FAIL {2}URL[^]*BAD_URL/);
      }
      assert.match(await refused(name, []), /URL/);
      assert.match((await run([withPassword(SECRET), name])).errors, /the name of a command must precede/);
    });

    it(`${name}: exit code 1 without a server, and with a wrong password`, async () => {
      for (const target of [`redis://u:${SECRET}@127.0.0.1:1`, withPassword(`${SECRET}-not`), url]) {
        const { code, output, errors } = await run([name, target, ...short]);
        assert.equal(code, 1, output + errors);
        assert.match(output + errors, /refused|password/);
      }
    });

    it(`${name}: exit code 0, colors only in a terminal, and JSON where there is --json`, async () => {
      const target = withPassword(SECRET);
      assert.equal((await run([name, target, ...short])).errors, "");
      const color = new RegExp("\x1b\\[\\d+m");
      const shown = await run([name, target, ...short], {}, 100);
      if (name === "doctor") assert.match(shown.output, color);
      assert.doesNotMatch((await run([name, target, ...short], { NO_COLOR: "1" }, 100)).output, color);
      if (own.options.json === undefined) return;
      const { code, output } = await run([name, target, ...short, "--json"], {}, 100);
      assert.equal(code, 0);
      assert.doesNotThrow(() => JSON.parse(output), output);
    });
  }

  for (const { name } of withUrl.filter((each) => each.name !== "doctor")) {
    it(`${name}: an interrupt ends it while the server does not reply, with exit code 130`, async () => {
      const terminal = new FakeTerminal([name, "redis://127.0.0.1:1"]);
      const sockets = new Set<Socket>();
      const silent = createServer((socket) => {
        sockets.add(socket.on("error", () => {}));
        terminal.interrupt();
      }).listen(0, "127.0.0.1");
      await once(silent, "listening");
      const { port } = silent.address() as AddressInfo;
      const args = [name, `redis://127.0.0.1:${port}`];
      const code = await main({ ...terminal.context, terminal: { ...terminal.context.terminal, args } });
      assert.deepEqual([code, terminal.output, terminal.errors], [130, "", ""]);
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
  }

  it("bench: an interrupt ends it with what it has measured, and deletes its keys", async () => {
    await using own = new TestServer();
    const { url: target } = await own.listen();
    const terminal = new FakeTerminal(["bench", target, "--duration", "20", "-c", "1"]);
    const ended = main(terminal.context);
    await terminal.seen(/^SET /m);
    terminal.interrupt();
    assert.equal(await ended, 130);
    assert.match(terminal.output, /^PING .*\nSET /);
    assert.deepEqual(own.dump(), {});
  });
});
