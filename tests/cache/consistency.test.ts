import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Redis } from "../../mod.ts";
import { startProxy } from "../harness/fault_proxy.ts";
import { type Server, startServer } from "../harness/server.ts";

const WRITER = fileURLToPath(new URL("./fixtures/writer.ts", import.meta.url));
const RUN = "Deno" in globalThis ? ["run", "-A"] : [];
const COUNT = 1_500;
const KEYS = ["a", "b"];

describe("a cached reader beside a writer in another process", () => {
  let server: Server;
  before(async () => void (server = await startServer()));
  after(() => server.stop());

  const modes = [
    ["tracking", { mode: "tracking" }],
    ["tracking by choice", { mode: "tracking", optIn: true }],
    ["broadcast", { mode: "broadcast", prefixes: ["a", "b"] }],
  ] as const;
  for (const [name, cache] of modes) {
    it(`sees no older value than before, and none that was invalidated (${name})`, async () => {
      await using proxy = await startProxy({ port: server.port });
      await using client = new Redis(proxy.url, { cache, reconnect: { backoff: "constant:5" } });
      const redis = client.with({ cache: true });
      await server.cli("FLUSHALL");
      const latest: Record<string, number> = { a: 0, b: 0 };
      /** The lowest value that a read which begins now may return. */
      const floor: Record<string, number> = { a: 0, b: 0 };
      client.onPush("invalidate", (keys) => {
        for (const key of keys ?? []) floor[key] = Math.max(floor[key]!, latest[key]! + 1);
      });
      const writer = spawn(process.execPath, [...RUN, WRITER, String(server.port), String(COUNT), ...KEYS], {
        stdio: ["ignore", "inherit", "inherit"],
      });
      const ended = once(writer, "exit");
      let cut = false;
      const read = async (key: string): Promise<void> => {
        while (latest[key]! < COUNT) {
          const least = cache.mode === "broadcast" ? latest[key]! : Math.max(floor[key]!, latest[key]!);
          const value = Number(await redis.get(key));
          assert.ok(value >= least, `${key} was ${value} after ${least}`);
          latest[key] = value;
          // Readers that only hit never let the pushes in.
          if (client.cache!.stats().hits % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
          if (!cut && value > COUNT / 2) {
            cut = true;
            proxy.killAll("reset");
          }
        }
      };
      await Promise.all(KEYS.map(read));
      assert.deepEqual(await ended, [0, null]);
      const { hits, misses, invalidations } = client.cache!.stats();
      assert.ok(cut && hits > 0 && misses > 0 && invalidations > 0, JSON.stringify(client.cache!.stats()));
    });
  }
});
