/** The effects of several connections on each other equal those of a real Redis 7.0. @module */
import assert from "node:assert/strict";
import process from "node:process";
import { it } from "node:test";
import { TestServer } from "../../testing.ts";
import { startServer } from "../harness/server.ts";
import { compareConversations, describeMismatch } from "./conversation.ts";

// KEYWIRE_DIFFERENTIAL=100000 does a tenth of that; KEYWIRE_SEED=5 begins with that seed.
const COMMANDS = Number(process.env["KEYWIRE_DIFFERENTIAL"] ?? 2400) / 10;
const SEED = Number(process.env["KEYWIRE_SEED"] ?? 1);

it("conversations of several connections: pushes and replies in order, as of a real server", async (t) => {
  await using real = await startServer();
  if (!real.version.startsWith("7.0.")) return t.skip("the real server is no Redis 7.0");
  await using mine = new TestServer({ logLimit: 0 });
  const { url } = await mine.listen();
  const ports = [real.port, Number(new URL(url).port)] as const;
  const { found, compared } = await compareConversations({ ports, commands: COMMANDS, seed: SEED, most: 10 });
  if (process.env["KEYWIRE_DIFFERENTIAL"] !== undefined) t.diagnostic(`compared ${compared}, listed 0`);
  assert.equal(found.length, 0, found.map(describeMismatch).join("\n"));
});
