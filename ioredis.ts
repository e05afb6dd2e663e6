/**
 * ioredis' API on Keywire: change the import, and programs and libraries for ioredis run on it.
 *
 * ```ts
 * import Redis from "@keywire/redis/ioredis";
 *
 * const redis = new Redis("redis://localhost:6379");
 * await redis.set("greeting", "hello", "EX", 60);
 * await redis.get("greeting"); // "hello"
 * await redis.quit();
 * ```
 *
 * @module
 */
import { RedisBase } from "./src/compat/ioredis/redis.ts";
import type { Transport } from "./src/transport.ts";
import { runtimeTransport } from "./transports/runtime.ts";

export { Command } from "./src/compat/ioredis/command.ts";
export { ReplyError } from "./src/compat/ioredis/errors.ts";
export { Pipeline } from "./src/compat/ioredis/pipeline.ts";
export { ScanStream } from "./src/compat/ioredis/scan_stream.ts";

/** The client of one server. */
export class Redis extends RedisBase {
  static override readonly transport: Transport = runtimeTransport;
  static override client: typeof RedisBase = Redis;
}

export default Redis;

/** Prints an error or a reply. */
export function print(error: Error | null, reply?: unknown): void {
  console.log(error ? `Error: ${error}` : `Reply: ${reply}`);
}
