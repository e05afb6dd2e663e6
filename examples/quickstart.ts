/**
 * Connection pooling, step by step. `./scripts/demo` starts a server and runs this.
 *
 * @module
 */
import process from "node:process";
import { ConnectionPool, Redis } from "../mod.ts";

const url = process.env.REDIS_URL ?? "redis://localhost:6379/0";

// A pool of at most three connections, shared by whoever is given it, and a client that uses it.
// Both are closed at the end of this block, also when something throws.
await using pool = ConnectionPool.fromUrl(url, { maxConnections: 3 });
await using redis = new Redis({ pool });

// Set a value and read it back.
await redis.set("greeting", "hello");
console.log(await redis.get("greeting"));

// A hundred thousand GETs, a thousand at a time: the client sends together what is asked for together.
const total = 100_000;
const together = 1_000;
const start = performance.now();
for (let done = 0; done < total; done += together) {
  await Promise.all(Array.from({ length: together }, () => redis.get("greeting")));
}
const seconds = (performance.now() - start) / 1000;
const rate = Math.round(total / seconds);
console.log(
  `${total.toLocaleString("en")} GETs in ${seconds.toFixed(2)} s: ${rate.toLocaleString("en")} a second`,
);

// A connection of one's own, for as long as this block lasts: then it goes back to the pool.
{
  using connection = await pool.acquire();
  await connection.send(["PING"]);
  console.log("with one connection taken:", JSON.stringify(pool.stats()));
}
console.log("with all of them back:    ", JSON.stringify(pool.stats()));
