/**
 * The texts of the programs that try the package, in projects that know nothing else of it.
 *
 * @module
 */

/** The last output of a program that succeeded. */
export const GOOD = "all is well";

/** The test program, in syntax of Node 20. */
const BODY = `
async function main() {
  const redis = new Redis(process.env.REDIS_URL);
  const check = (what, got, wanted) => {
    if (JSON.stringify(got) !== JSON.stringify(wanted)) {
      throw new Error(what + ": " + JSON.stringify(got) + " instead of " + JSON.stringify(wanted));
    }
  };
  check("set", await redis.set("greeting", "hello", { ex: 60 }), "OK");
  check("get", await redis.get("greeting"), "hello");
  check("bytes", (await redis.bytes().get("greeting")).length, 5);
  check("value", await redis.execute(get("greeting")), "hello");
  check("pipeline", await redis.pipeline().set("n", 1).incr("n").exec(), ["OK", 2]);
  check("blpop", await redis.blpop("nothing", 0.01), null);
  const failure = await redis.lpush("greeting", "x").catch((error) => error);
  check("error", [failure instanceof ReplyError, failure.code, failure.executed], [true, "WRONGTYPE", "yes"]);
  // These features load on first use; bundles and executables must contain their modules.
  for await (const key of redis.scanIterator({ match: "greet*" })) check("scan", key, "greeting");
  check("watch", await redis.watch("n", async (tx) => tx.multi().set("n", Number(await tx.get("n")) + 1)), ["OK"]);
  await redis.xadd("stream", "*", { a: "b" });
  for await (const message of redis.consume({ stream: "stream", group: "g", consumer: "c" })) {
    check("consume", message.fields, { a: "b" });
    break;
  }
  await redis.del("stream");
  const sentinels = new Redis("redis-sentinel://127.0.0.1:1/service", { retry: false, reconnect: { attempts: 0 } });
  const unreachable = await sentinels.get("greeting").catch((error) => error);
  check("sentinels", [unreachable.name, unreachable.executed], ["ConnectionError", "no"]);
  await sentinels.close();
  const pool = new BlockingConnectionPool(process.env.REDIS_URL, { maxConnections: 2 });
  const connection = await pool.acquire();
  check("ping", await connection.send(["PING"]), "PONG");
  check("in use", pool.stats().inUse, 1);
  connection[Symbol.dispose]();
  await pool.close();
  await redis.close();
  console.log("${GOOD}");
}
main();
`;

/** The test program as an ES module. */
export const ESM = `
import process from "node:process";
import { BlockingConnectionPool, Redis, ReplyError } from "@keywire/redis";
import { get } from "@keywire/redis/commands";
import { openTelemetry } from "@keywire/redis/otel";
import "@keywire/redis/transports/memory";
if (typeof openTelemetry !== "function") throw new Error("no openTelemetry");
${BODY}`;

/** The test program as CommonJS. */
export const CJS = `
const { BlockingConnectionPool, Redis, ReplyError } = require("@keywire/redis");
const { get } = require("@keywire/redis/commands");
${BODY}`;

/** Both in one process, for all entries: each can be loaded, and there is one instance of every class. */
export const BOTH = `
const manifest = require("@keywire/redis/package.json");
async function main() {
  for (const key of Object.keys(manifest.exports)) {
    if (key === "./package.json") continue;
    const entry = "@keywire/redis" + key.slice(1);
    const required = require(entry);
    const imported = await import(entry);
    const names = Object.keys(imported).filter((name) => name !== "default" && name !== "module.exports");
    if (names.length === 0) throw new Error(entry + " exports nothing");
    for (const name of names) {
      if (imported[name] !== required[name]) throw new Error(name + " of " + entry + " is there twice");
    }
  }
  console.log("${GOOD}");
}
main();
`;

/** The program of the package, as its users start it: it serves a client, and ends with SIGTERM. */
export const SERVE = `
const { spawn } = require("node:child_process");
const { Redis } = require("@keywire/redis");
const manifest = require("@keywire/redis/package.json");
const program = require.resolve("@keywire/redis/package.json").replace("package.json", manifest.bin.keywire);
const rights = "Deno" in globalThis ? ["run", "-A"] : [];
const child = spawn(process.execPath, [...rights, program, "serve", "--port", "0"], {
  stdio: ["ignore", "pipe", "inherit"],
});
child.stdout.on("data", async (text) => {
  const redis = new Redis(String(text).split(" ")[1].trim());
  await redis.set("greeting", "hello");
  if (await redis.get("greeting") !== "hello") throw new Error("no greeting");
  await redis.close();
  child.kill("SIGTERM");
});
// Deno reports the signal, although the process had already exited.
child.once("exit", (code, signal) => console.log(code === 0 || "Deno" in globalThis && signal === "SIGTERM" ? "${GOOD}" : "exit code " + code));
`;

/** A program in TypeScript, of which only the types are checked. */
export const TYPED = `
import { ConnectionPool, Redis, type RedisOptions, ReplyError } from "@keywire/redis";
import type { Observer, Transport } from "@keywire/redis";
import { get, set } from "@keywire/redis/commands";
import { openTelemetry, type OpenTelemetryOptions } from "@keywire/redis/otel";
import { bunTransport } from "@keywire/redis/transports/bun";
import { denoTransport } from "@keywire/redis/transports/deno";
import * as memory from "@keywire/redis/transports/memory";
import { nodeTransport } from "@keywire/redis/transports/node";

export async function typed(told: OpenTelemetryOptions): Promise<unknown[]> {
  const options: RedisOptions = { host: "localhost", observer: openTelemetry(told) };
  const redis = new Redis("redis://localhost", options);
  const text: string | null = await redis.get("k");
  const bytes: Uint8Array | null = await redis.bytes().get("k");
  const both: [string | null, number] = await redis.pipeline().set("n", 1).incr("n").exec();
  const value: string | null = await redis.execute(get("k"));
  // @ts-expect-error: a hash is no number
  const wrong: number = await redis.hgetall("h");
  redis.addEventListener("reconnecting", ({ detail }) => void detail.delay.toFixed());
  const pool = new ConnectionPool({ maxConnections: 3, transport: nodeTransport });
  for await (const item of redis.subscription("news")) if (item.kind === "message") item.message.trim();
  const ends: (() => unknown)[] = [redis[Symbol.asyncDispose], (await pool.acquire())[Symbol.dispose]];
  const over = new Redis({ pool });
  const transports: Transport[] = [bunTransport, denoTransport];
  const observer: Observer | undefined = redis.options.observer;
  return [ends, text, bytes, both, value, wrong, over, transports, observer, set("a", 1), memory, ReplyError];
}
`;
