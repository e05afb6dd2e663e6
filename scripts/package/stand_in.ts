/**
 * Tries `@keywire/ioredis` in place of `ioredis`: installed by an override, for a program and for a library that imports
 * it, on all runtimes, as ES module and as CommonJS, with types.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findNodes } from "./nodes.ts";
import { GOOD } from "./programs.ts";
import { type Bench, makeProject, tool } from "./project.ts";
import { run } from "./report.ts";

const BODY = `
async function main() {
  const same = (what, got, wanted) => {
    if (JSON.stringify(got) !== JSON.stringify(wanted)) {
      throw new Error(what + ": " + JSON.stringify(got) + " instead of " + JSON.stringify(wanted));
    }
  };
  same("one class", [library.Redis === Redis, library.named === Redis, Redis.Redis === Redis], [true, true, true]);
  same("classes", [Redis.Cluster === Cluster, typeof Command, typeof print], [true, "function", "function"]);
  const redis = library.connect(process.env.REDIS_URL);
  same("set", await redis.set("stand-in", "text", "EX", 60), "OK");
  same("pipeline", await redis.pipeline().get("stand-in").strlen("stand-in").exec(), [[null, "text"], [null, 4]]);
  const failure = await redis.lpush("stand-in", 1).catch((error) => error);
  same("error", [failure instanceof ReplyError, failure.name, failure.command.name], [true, "ReplyError", "lpush"]);
  const subscriber = redis.duplicate();
  const message = new Promise((resolve) => subscriber.on("message", (...args) => resolve(args)));
  await subscriber.subscribe("stand-in");
  await redis.publish("stand-in", "hello");
  same("message", await message, ["stand-in", "hello"]);
  await subscriber.quit();
  await redis.quit();
  console.log("${GOOD}");
}
main();
`;

const ESM = `
import process from "node:process";
import Redis, { Cluster, Command, print, ReplyError } from "ioredis";
import library from "library";
${BODY}`;

const CJS = `
const Redis = require("ioredis");
const { Cluster, Command, print, ReplyError } = require("ioredis");
const library = require("library");
${BODY}`;

const LIBRARY = `
const Redis = require("ioredis");
exports.Redis = Redis.default;
exports.named = Redis.Redis;
exports.connect = (url) => new Redis(url);
require("ioredis/built/utils").CONNECTION_CLOSED_ERROR_MSG.trim();
`;

const TYPED = `
import Redis, { Cluster, Command, type ClusterOptions, type RedisOptions, ReplyError } from "ioredis";
import { Redis as Named, type ChainableCommander, type RedisKey, type Result } from "ioredis";

declare module "ioredis" {
  interface RedisCommander<Context> {
    double(key: string): Result<number, Context>;
  }
}

export async function typed(key: RedisKey): Promise<unknown[]> {
  const options: RedisOptions = { host: "localhost", maxRetriesPerRequest: null, retryStrategy: (n) => n * 2 };
  const redis: Redis = new Named(6379, "localhost", options);
  new Redis({ reconnectOnError: (error) => error.message.includes("READONLY") ? 2 : false, lazyConnect: true });
  new Redis("redis://localhost", { retryStrategy: (times) => Math.min(times, 10), lazyConnect: true });
  const text: string | null = await redis.get(key);
  const bytes = await redis.getBuffer(key);
  const chain: ChainableCommander = redis.pipeline().set("a", 1, "EX", 10).get("a", (error, value) => void [error, value]);
  const pairs: [Error | null, unknown][] | null = await chain.exec();
  redis.on("message", (channel: string, message: string) => void [channel, message]);
  const settings: ClusterOptions = { scaleReads: "slave", redisOptions: options };
  const cluster = new Cluster([{ host: "localhost", port: 7000 }], settings);
  const doubled: number = await redis.double("key");
  const nodes: Redis[] = cluster.nodes("master") as Redis[];
  for await (const keys of redis.scanStream({ match: "a*" })) void keys;
  return [doubled, text, bytes?.toString("hex"), pairs, nodes, new Command("get", ["a"]), ReplyError, redis.status];
}
`;

/** Runs all of that with the package in `tarball`. */
export async function checkStandIn(bench: Bench, tarball: string, everything: boolean): Promise<void> {
  const { root, env, report } = bench;
  await report.check("publint of @keywire/ioredis", async () => {
    await run(root, tool(bench, "publint"), ["--strict", tarball]);
  });
  const manifest = {
    private: true,
    dependencies: { "ioredis": `file:${tarball}`, "library": "file:./library" },
    overrides: { "ioredis": "$ioredis" },
  };
  const folder = makeProject(bench, "stand-in", {
    "package.json": JSON.stringify(manifest),
    "library/package.json": JSON.stringify({
      name: "library",
      version: "1.0.0",
      type: "commonjs",
      main: "index.js",
      dependencies: { "ioredis": "^5.4.2" },
    }),
    "library/index.js": LIBRARY,
    "program.mjs": ESM,
    "program.cjs": CJS,
    "typed.mts": TYPED,
    "typed.cts": TYPED,
  });
  await report.check("@keywire/ioredis by an override", async () => {
    await run(folder, "npm", ["install", "--install-links", "--no-audit", "--no-fund", "--loglevel=error"]);
  });
  for (
    const { name, program } of [...findNodes(root, everything), { name: "Bun", program: tool(bench, "bun") }]
  ) {
    await report.check(`${name}: ioredis is @keywire/ioredis, import and require`, async () => {
      for (const file of ["program.mjs", "program.cjs"]) await run(folder, program, [file], env, GOOD);
    });
  }
  await report.check("Deno: ioredis is @keywire/ioredis, import and require", async () => {
    writeFileSync(join(folder, "deno.json"), '{ "nodeModulesDir": "manual" }');
    const args = ["run", "--allow-net", "--allow-env", "--allow-read"];
    for (const file of ["program.mjs", "program.cjs"]) {
      await run(folder, tool(bench, "deno"), [...args, file], env, GOOD);
    }
  });
  await report.check("TypeScript: programs of ioredis compile with @keywire/ioredis", async () => {
    const types = ["--types", "node", "--typeRoots", join(root, "node_modules", "@types")];
    const strict = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022"];
    await run(folder, tool(bench, "tsc"), [
      ...strict,
      ...types,
      "--module",
      "nodenext",
      "typed.mts",
      "typed.cts",
    ]);
  });
}
