/**
 * A little of what `scripts/fuzz.ts` does for minutes, from a seed for each runtime.
 *
 * @module
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { OWN } from "../harness/share.ts";
import { startServer } from "../harness/server.ts";
import { fuzzClient, fuzzDecoder, record } from "./fuzzing.ts";

it(
  "broken conversations: the decoder refuses, commands settle, nothing is left",
  { timeout: 60_000 },
  async () => {
    await using server = await startServer();
    const conversations = [await record(server.port, 2), await record(server.port, 3)];
    assert.ok(conversations.every(({ bytes }) => bytes.length > 500));
    fuzzDecoder(conversations, { seed: OWN + 1, tries: 1_000 });
    await fuzzClient(conversations, { seed: OWN + 1, tries: 200 });
  },
);
