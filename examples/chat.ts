/**
 * A chat in the terminal. It survives `kill -9` of the server: lines that were missed are read when the server is back.
 *
 *     REDIS_URL=redis://localhost:6379 node examples/chat.ts ROOM NAME
 *
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { Redis, RedisError } from "../mod.ts";
import { follow, say } from "./live_chat.ts";

const [room = "lobby", name = "somebody"] = process.argv.slice(2);
const redis = new Redis(process.env.REDIS_URL ?? "redis://localhost:6379", {
  reconnect: { backoff: "constant:50" },
});
redis.addEventListener("reconnecting", ({ detail }) => {
  if (detail.attempt === 1) console.log("(the server is away)");
});

async function print(): Promise<void> {
  for await (const line of follow(redis, room)) console.log(`${line.name}: ${line.text}`);
}

/** Publishes a line; if it fails, prints whether others may have read it. */
async function speak(text: string): Promise<void> {
  try {
    await say(redis, room, name, text);
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    console.log(error.executed === "no" ? "(not sent)" : "(perhaps not sent)");
  }
}

const input = createInterface({ input: process.stdin });
input.on("line", (text) => void speak(text));
input.on("close", () => void redis.close());
await print().catch((error) => {
  if (!redis.pool.closed) throw error;
});
