/**
 * A service that takes orders with `once()` is killed at any moment and started again, behind the order that it reported
 * last: each order counts once.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { Redis } from "../../mod.ts";
import { startServer } from "../harness/server.ts";

const flags = "Deno" in globalThis ? ["run", "-A", "--quiet"] : "Bun" in globalThis ? [] : ["--no-warnings"];
const script = fileURLToPath(new URL("fixtures/order_service.ts", import.meta.url));

it("a service that is killed again and again takes each order once", { timeout: 100_000 }, async () => {
  await using server = await startServer();
  await using redis = new Redis(server.url);
  await redis.set("{shop}:stock", 200);
  let reported = 0;

  /** Runs the service until it has reported the given number of further orders, and one more is pending. */
  const run = async (orders: number): Promise<string | null> => {
    const child = spawn(process.execPath, [...flags, script, `${server.port}`, `${reported}`], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = new Promise<string | null>((resolve) =>
      child.once("exit", (_, signal) => resolve(signal))
    );
    const last = reported + orders;
    for await (const line of createInterface({ input: child.stdout })) {
      const [order, stock] = line.split(" ").map(Number) as [number, number];
      // What the killed process had sent has taken its place: the reply is the first one.
      assert.equal(stock, 200 - order);
      // An order behind these may have been taken, and is taken again by the next process.
      if (reported < last) reported = order;
      else child.kill("SIGKILL");
    }
    return await exited;
  };

  for (const orders of [3, 1, 40]) assert.equal(await run(orders), "SIGKILL");
  assert.equal(await run(Infinity), null);
  assert.equal(reported, 200);
  assert.equal(await redis.get("{shop}:stock"), "0");
  assert.deepEqual(
    await redis.lrange("{shop}:orders", 0, -1),
    Array.from({ length: 200 }, (_, at) => `${at + 1}`),
  );
});
