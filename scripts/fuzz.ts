/**
 * Fuzzes the client: conversations with a real server, with random changes.
 *
 *     node_modules/.bin/node scripts/fuzz.ts [--minutes 10] [--seed N]
 *
 * Deno (`run -A`) and Bun run it, too. A failure prints the seed and the smallest conversation that reproduces it.
 *
 * @module
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { startServer } from "../tests/harness/server.ts";
import { fuzzClient, fuzzDecoder, record } from "../tests/promises/fuzzing.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
if (!(minutes > 0) || !Number.isSafeInteger(seed)) {
  console.error("Cannot run: --minutes is a number above 0, --seed a whole number");
  process.exit(2);
}

const server = await startServer();
const conversations = [await record(server.port, 2), await record(server.port, 3)];
await server.stop();
const before = process.memoryUsage().rss;
const time = minutes * 30_000;
console.log(`seed ${seed}, ${minutes} minutes`);
console.log(`decoder: ${fuzzDecoder(conversations, { seed, time })} conversations, nothing found`);
console.log(`client: ${await fuzzClient(conversations, { seed, time })} conversations, nothing found`);
console.log(`memory: ${Math.round((process.memoryUsage().rss - before) / 1_048_576)} MB more than before`);
