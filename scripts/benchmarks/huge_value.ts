/**
 * Sets and gets one value of 512 MiB, the maximum of a server, as bytes. Prints time and memory, and fails if a byte
 * is wrong or the memory exceeds the needs of the value.
 *
 *     node_modules/.bin/node --expose-gc scripts/benchmarks/huge_value.ts [MiB]
 *
 * Deno (`run -A --v8-flags=--expose-gc`) and Bun run it, too. Needs about 3 GiB of memory.
 *
 * @module
 */
import process from "node:process";
import { Redis } from "../../mod.ts";
import { startServer } from "../../tests/harness/server.ts";
import { collectGarbage } from "./runtime.ts";

const MIB = 1_048_576;
const size = Number(process.argv[2] ?? 512) * MIB;
if (!(size > 0)) {
  console.error("Cannot run: the size is a number of MiB above 0");
  process.exit(2);
}

const rss = (): number => Math.round(process.memoryUsage().rss / MIB);
let peak = 0;
const sampling = setInterval(() => peak = Math.max(peak, rss()), 10);

/** Runs something; prints how long it took and how much memory it had at most beyond the beginning. */
async function measure<T>(what: string, run: () => Promise<T>): Promise<{ value: T; more: number }> {
  collectGarbage();
  const before = peak = rss();
  const start = performance.now();
  const value = await run();
  const took = performance.now() - start;
  const more = Math.max(peak, rss()) - before;
  console.log(`${what}  ${Math.round(took)} ms, at most ${more} MiB more than before`);
  return { value, more };
}

const runtime = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";
const server = await startServer();
const redis = new Redis(server.url, { commandTimeout: 120_000 });
await redis.ping();
const value = new Uint8Array(size);
// A pattern whose period divides no power of two, so that a piece in the wrong place shows.
for (let at = 0; at < size; at++) value[at] = at % 251;
console.log(`${runtime}, ${size / MIB} MiB`);

const set = await measure("SET", () => redis.set("huge", value));
const get = await measure("GET", () => redis.bytes().get("huge"));
const got = get.value as Uint8Array;
const wrong = got.length === size ? got.findIndex((byte, at) => byte !== at % 251) : 0;
const tooLong = await redis.append("huge", "!").then(() => "nothing", (error: Error) => error.message);
const pong = await redis.ping();

clearInterval(sampling);
await redis.close();
await server.stop();
console.log(`one byte more is answered by: ${tooLong}`);

// Sent bytes are not copied. Received bytes are collected in growing memory and copied once at the end; Bun keeps
// outgrown memory longer.
const failures = [
  wrong >= 0 && `the value is wrong, from byte ${wrong}`,
  pong !== "PONG" && "the client does not work any more",
  set.more > size / MIB / 2 && "SET took a copy",
  get.more > 4 * size / MIB && "GET took more than four times the value",
].filter((failure) => failure !== false);
for (const failure of failures) console.log(`FAILED  ${failure}`);
if (failures.length === 0) console.log("ok");
process.exitCode = failures.length === 0 ? 0 : 1;
