import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { TestServer } from "../../testing.ts";
import { Dice, GRAMMAR, rollCommand } from "../harness/command_dice.ts";
import { type RawClient, rawClient } from "../harness/raw_client.ts";
import { type Server, startServer } from "../harness/server.ts";

// KEYWIRE_DIFFERENTIAL=100000 does as many commands a group; KEYWIRE_SEED=5 begins with that seed.
const COMMANDS = Number(process.env["KEYWIRE_DIFFERENTIAL"] ?? 600);
const SEED = Number(process.env["KEYWIRE_SEED"] ?? 1);
const ROUND = 200;

/** Replies in no order, which are compared sorted. */
const UNORDERED = /^(SMEMBERS|SINTER|SUNION|SDIFF|KEYS|HKEYS|HVALS|HGETALL|HSCAN)$/;

function comparable(command: readonly string[], reply: unknown): string {
  if (command[0] === "HSCAN" && Array.isArray(reply)) reply = [reply[0], ...[...reply[1]].sort()];
  const anyOrder = UNORDERED.test(command[0]!) || command.includes("nosort");
  const sorted = anyOrder && Array.isArray(reply) ? reply.map((one) => JSON.stringify(one)).sort() : reply;
  // Times since something happened differ from server to server.
  return JSON.stringify(sorted, (_, value) => typeof value === "bigint" ? `${value}n` : value);
}

async function ask(call: (...args: string[]) => Promise<unknown>, command: string[]): Promise<unknown> {
  try {
    return await call(...command);
  } catch (error) {
    return `-${(error as Error).message}`;
  }
}

/** Ranges by name among members of different scores have no meaning: the answer depends on how the set is stored. */
async function isUndefined(real: RawClient, command: readonly string[]): Promise<boolean> {
  if (!/LEX/i.test(command[0]!) && !command.some((word) => /^BYLEX$/i.test(word))) return false;
  const key = command[command[0] === "ZRANGESTORE" ? 2 : 1] ?? "";
  const found = await ask((...words) => real.call(...words), ["ZRANGE", key, "0", "-1", "WITHSCORES"]);
  return Array.isArray(found) && new Set(found.filter((_, index) => index % 2 === 1)).size > 1;
}

describe("TestServer and a real server", () => {
  let real: Server;
  let mine: TestServer;
  let a: RawClient;
  let b: RawClient;
  let seven = false;

  before(async () => {
    real = await startServer();
    mine = new TestServer({ logLimit: 0 });
    await mine.listen();
    a = await rawClient({ port: real.port });
    b = await rawClient({ port: Number(new URL(mine.url).port) });
    const info = String(await a.call("INFO", "server"));
    seven = /redis_version:7\.0\./.test(info) && !/valkey/.test(info);
  });

  after(async () => {
    a.close();
    b.close();
    await mine.close();
    await real.stop();
  });

  const groups = Object.keys(GRAMMAR);
  for (const group of groups) {
    it(`reply alike: ${group}`, async (t) => {
      if (!seven) return t.skip("the real server is no Redis 7.0");
      for (let done = 0, seed = SEED; done < COMMANDS; done += ROUND, seed++) {
        const dice = new Dice(seed);
        const history: string[][] = [["FLUSHALL"]];
        await Promise.all([a.call("FLUSHALL"), b.call("FLUSHALL")]);
        for (let i = 0; i < ROUND; i++) {
          // Now and then a command for another type, or for keys in general.
          const command = rollCommand(
            dice,
            dice.next() < 0.85
              ? group
              : group === "logs"
              ? "keys"
              : dice.pick(["keys", "strings", ...groups]),
          );
          if (await isUndefined(a, command)) continue;
          history.push(command);
          const [expected, actual] = await Promise.all([
            ask((...args) => a.call(...args), command),
            ask((...args) => b.call(...args), command),
          ]);
          assert.equal(
            comparable(command, actual),
            comparable(command, expected),
            `seed ${seed}, command ${i}: ${JSON.stringify(command)}\nbefore: ${
              history.filter((one) => one.some((word) => /^k\d$/.test(word) && command.includes(word))).slice(
                -8,
              ).map((one) => one.join(" ")).join(
                "\n  ",
              )
            }`,
          );
        }
      }
    });
  }
});
