/**
 * A few seconds of what `scripts/fuzz.ts` does for minutes, from a fixed seed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { startServer } from "../harness/server.ts";
import { fuzzClient, fuzzDecoder, record } from "./fuzzing.ts";

it(
  "broken conversations: the decoder refuses, commands settle, nothing is left",
  { timeout: 60_000 },
  async () => {
    await using server = await startServer();
    const conversations = [await record(server.port, 2), await record(server.port, 3)];
    assert.ok(conversations.every(({ bytes }) => bytes.length > 500));
    assert.ok(fuzzDecoder(conversations, { seed: 1, time: 3_000 }) > 100);
    assert.ok(await fuzzClient(conversations, { seed: 1, time: 4_000 }) > 20);
  },
);
