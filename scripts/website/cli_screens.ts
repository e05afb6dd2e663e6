/**
 * Writes the screens of the command line into docs/command-line.md, as the commands print them against servers in this
 * process.
 *
 *     node_modules/.bin/node scripts/website/cli_screens.ts
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { main } from "../../src/cli/main.ts";
import { RedisCluster } from "../../mod.ts";
import { TestCluster, TestSentinels, TestServer } from "../../testing.ts";
import { FakeTerminal } from "../../tests/cli/terminal.ts";

const PAGE = fileURLToPath(new URL("../../docs/command-line.md", import.meta.url));
const COLUMNS = 84;

/** Runs a command; what it prints, without colors. */
async function capture(args: readonly string[], columns?: number): Promise<string> {
  const terminal = new FakeTerminal(args, {}, columns);
  await main(terminal.context);
  const last = terminal.output.slice(terminal.output.lastIndexOf("\x1b[3J") + 1);
  // deno-lint-ignore no-control-regex
  return last.replace(/^\[3J/, "").replaceAll(/\x1b?\[\??[\d;]*[A-Za-z]/g, "").trimEnd();
}

const SCREENS: Readonly<Record<string, () => Promise<string>>> = {
  async doctor() {
    await using server = new TestServer();
    const { url } = await server.listen();
    return `$ keywire doctor ${url}\n${await capture(["doctor", url])}`;
  },
  async "doctor-replica"() {
    await using servers = new TestSentinels({ replicas: 1 });
    await servers.listen();
    const { url } = servers.replicas[0]!;
    const shown = await capture(["doctor", url, "--pings", "100"]);
    const lines = shown.split("\n");
    const found = lines.filter((line) => line.startsWith("FAIL"));
    return `$ keywire doctor ${url}\n...\n${found.join("\n")}\n...\n${lines.slice(-3).join("\n")}`;
  },
  async top() {
    await using cluster = new TestCluster({ masters: 3, replicas: 0 });
    const { urls } = await cluster.listen();
    await using redis = new RedisCluster(urls[0]!);
    let stopped = false;
    const load = async (): Promise<void> => {
      for (let turn = 0; !stopped; turn++) {
        const keys = Array.from(
          { length: Math.round(20 + 18 * Math.sin(turn / 3)) },
          (_, index) => `k${index}`,
        );
        await Promise.all(keys.map((key) => turn % 4 === 0 ? redis.set(key, "v") : redis.get(key)));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const loading = load();
    const screen = await capture(["top", urls[0]!, "--count", "40", "--interval", "60"], COLUMNS);
    stopped = true;
    await loading;
    return `$ keywire top ${urls[0]}\n${screen}`;
  },
};

let page = readFileSync(PAGE, "utf8");
for (const [name, make] of Object.entries(SCREENS)) {
  const screen = await make();
  const marked = new RegExp(`(<!-- screen: ${name} -->\n)[^]*?(<!-- end -->)`);
  if (!marked.test(page)) throw new Error(`${PAGE} has no place for the screen ${name}`);
  page = page.replace(
    marked,
    (_, begin: string, end: string) => `${begin}\n\`\`\`text\n${screen}\n\`\`\`\n\n${end}`,
  );
}
writeFileSync(PAGE, page);
