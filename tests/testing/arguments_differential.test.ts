/** All forms of arguments have the replies and keyspace events of a real Redis 7.0. @module */
import assert from "node:assert/strict";
import process from "node:process";
import { it } from "node:test";
import { TestServer } from "../../testing.ts";
import { Dice } from "../harness/dice.ts";
import { rawClient } from "../harness/raw_client.ts";
import { startServer } from "../harness/server.ts";
import { describedCommands, KEYS, rollDescribed } from "./argument_dice.ts";
import { type Frame, showFrame, type TextClient, textClient } from "./text_client.ts";

// KEYWIRE_DIFFERENTIAL=100000 does as many commands; KEYWIRE_SEED=5 begins with that seed.
const COMMANDS = Number(process.env["KEYWIRE_DIFFERENTIAL"] ?? 300);
const SEED = Number(process.env["KEYWIRE_SEED"] ?? 1);
const ROUND = 150;

/** Replies by chance, by time, or in the order of a hash table. */
const RANDOM = /^(spop|srandmember|hrandfield|zrandmember)$/i;
const UNORDERED = /^(smembers|s(inter|union|diff)|h(keys|vals|getall)|sort|sort_ro)$/i;
const TIMES = /^(p?ttl|p?expiretime)$/i;

function shown(words: readonly string[], frame: Frame): string {
  const name = words[0]!;
  const text = showFrame(frame, UNORDERED.test(name));
  // Keys with an order of its own in each server: with a BY, elements of the same weight are in that order.
  if (/^sort/i.test(name) && !text.startsWith("-")) return "sorted";
  if (RANDOM.test(name) && !text.startsWith("-")) return "random";
  if (TIMES.test(name)) return text.replace(/:\d{2,}/, ":time");
  return /^x/i.test(name) ? text.replace(/\d{13}-\d+/g, "now").replace(/:\d+/g, ":n") : text;
}

async function events(client: TextClient): Promise<string> {
  client.send(["PING", "done"]);
  const found: string[] = [];
  for (;;) {
    const frame = (await client.take(1))[0];
    if (frame === undefined || frame === '"done"') return found.join("\n    ");
    found.push(showFrame(frame));
  }
}

it("arguments as COMMAND DOCS describes them: replies and events of a real server", async (t) => {
  await using real = await startServer();
  if (!real.version.startsWith("7.0.")) return t.skip("the real server is no Redis 7.0");
  await using mine = new TestServer({ logLimit: 0 });
  await mine.listen();
  const ports = [real.port, Number(new URL(mine.url).port)];
  await using describer = await rawClient({ port: real.port });
  await describer.call("HELLO", "3");
  const commands = await describedCommands(describer);
  const mains = await Promise.all(ports.map(textClient));
  const listeners = await Promise.all(ports.map(textClient));
  for (const one of listeners) {
    await one.ask("HELLO", "3");
    await one.ask("PSUBSCRIBE", "__key*__:*");
  }
  const differences: string[] = [];
  let compared = 0;
  for (let done = 0, seed = SEED; done < COMMANDS && differences.length < 10; done += ROUND, seed++) {
    const dice = new Dice(seed * 7919);
    const protocol = dice.pick(["2", "3"]);
    const history: string[] = [];
    for (const main of mains) {
      await main.ask("HELLO", protocol);
      await main.ask("CONFIG", "SET", "notify-keyspace-events", "KEAmn");
      for (const words of [["FLUSHALL"], ["DEBUG", "SET-ACTIVE-EXPIRE", "0"], ...KEYS]) {
        await main.ask(...words);
      }
    }
    await Promise.all(listeners.map(events));
    for (let i = 0; i < ROUND; i++) {
      const words = rollDescribed(dice, commands);
      // Ranges by name among members of different scores have no meaning.
      if (words.some((word) => /^bylex$/i.test(word))) continue;
      const chance = RANDOM.test(words[0]!) || /^sort/i.test(words[0]!);
      const replies = await Promise.all(mains.map(async (main) => shown(words, await main.ask(...words))));
      const told = await Promise.all(listeners.map(events));
      const line = words.map((word) => JSON.stringify(word)).join(" ");
      // A set that has lost a random member is another on each server, as are stores of `SORT`.
      if (/^spop$/i.test(words[0]!)) { for (const main of mains) await main.ask("DEL", words[1] ?? ""); }
      if (/^spop$/i.test(words[0]!)) await Promise.all(listeners.map(events));
      if (replies[0] === replies[1] && (told[0] === told[1] || chance)) {
        history.push(line);
        if (!chance) compared++;
        // Elements of the same weight are stored in another order.
        if (/^sort$/i.test(words[0]!) && /store/i.test(line)) break;
        continue;
      }
      differences.push([
        `seed ${seed}, RESP${protocol}: ${line}`,
        `  real: ${replies[0]}\n    ${told[0]}`,
        `  mine: ${replies[1]}\n    ${told[1]}`,
        ...history.slice(-12).map((one) => `      ${one}`),
      ].join("\n"));
      break;
    }
  }
  for (const one of [...mains, ...listeners]) one.close();
  if (process.env["KEYWIRE_DIFFERENTIAL"] !== undefined) t.diagnostic(`compared ${compared}, listed 0`);
  assert.equal(differences.length, 0, differences.join("\n"));
});
