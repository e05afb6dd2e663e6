/**
 * Connection pooling, step by step. `./scripts/demo` starts a server and runs this.
 *
 * @module
 */
import process from "node:process";
import { ConnectionPool, Redis } from "../mod.ts";

const url = process.env.REDIS_URL ?? "redis://localhost:6379/0";

// A pool of at most three connections, and a client that uses it.
const pool = ConnectionPool.fromUrl(url, { maxConnections: 3 });
const redis = new Redis({ pool });

// Set a value and read it back.
await redis.set("greeting", "hello");
console.log(await redis.get("greeting"));

// A hundred thousand GETs, a thousand at a time. Concurrent calls are batched automatically.
const total = 100_000;
const concurrent = 1_000;
const start = performance.now();
for (let done = 0; done < total; done += concurrent) {
  await Promise.all(Array.from({ length: concurrent }, () => redis.get("greeting")));
}
const seconds = (performance.now() - start) / 1000;
const rate = Math.round(total / seconds);
console.log(
  `${total.toLocaleString("en")} GETs in ${seconds.toFixed(2)} s: ${rate.toLocaleString("en")} a second`,
);

// A connection that no other caller uses, until it is released.
const connection = await pool.acquire();
await connection.send(["PING"]);
console.log("with one connection in use:", JSON.stringify(pool.stats()));
pool.release(connection);
console.log("after its release:         ", JSON.stringify(pool.stats()));

// Where the runtime has `await using` (Deno, Bun, Node 24), `await using redis = new Redis(url)` does this by itself.
await redis.close();
await pool.close();
