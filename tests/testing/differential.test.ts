/** Random commands reply as those of a real Redis 7.0 do. @module */
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { TestServer } from "../../testing.ts";
import { GRAMMAR } from "../harness/command_dice.ts";
import { type RawClient, rawClient } from "../harness/raw_client.ts";
import { type Server, startServer } from "../harness/server.ts";
import { describeDifference, findDifferences } from "./differential.ts";

// KEYWIRE_DIFFERENTIAL=100000 does as many commands a group; KEYWIRE_SEED=5 begins with that seed.
const COMMANDS = Number(process.env["KEYWIRE_DIFFERENTIAL"] ?? 500);
const SEED = Number(process.env["KEYWIRE_SEED"] ?? 1);
/** Whether the number of compared replies is printed. */
const tells = process.env["KEYWIRE_DIFFERENTIAL"] !== undefined;
/** The highest number of differences that a group may collect. */
const MOST = 20;

describe("TestServer and a real server", () => {
  let real: Server;
  let mine: TestServer;
  let clients: [RawClient, RawClient];
  let seven = false;

  before(async () => {
    real = await startServer();
    mine = new TestServer({ logLimit: 0 });
    await mine.listen();
    clients = [
      await rawClient({ port: real.port }),
      await rawClient({ port: Number(new URL(mine.url).port) }),
    ];
    const info = String(await clients[0].call("INFO", "server"));
    seven = /redis_version:7\.0\./.test(info) && !/valkey/.test(info);
  });

  after(async () => {
    for (const client of clients ?? []) client.close();
    await mine?.close();
    await real?.stop();
  });

  for (const group of Object.keys(GRAMMAR)) {
    it(`reply alike: ${group}`, async (t) => {
      if (!seven) return t.skip("the real server is no Redis 7.0");
      const { found, compared, listed } = await findDifferences({
        clients,
        group,
        commands: COMMANDS,
        seed: SEED,
        most: MOST,
      });
      if (tells) t.diagnostic(`compared ${compared}, listed ${listed}`);
      assert.equal(found.length, 0, found.map(describeDifference).join("\n"));
    });
  }
});
