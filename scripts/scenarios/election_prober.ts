/**
 * Detects the end of an election: asks nodes for their role every few milliseconds, in a separate process, so that it
 * does not delay the measured client.
 *
 * Reads lines `PORT PORT ...` from its standard input; replies to each with `PORT TIME` (milliseconds since 1970)
 * when one of the nodes is a master. Prints `ready` first.
 *
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { type RawClient, rawClient } from "../../tests/harness/raw_client.ts";
import { field } from "../../tests/harness/wait.ts";

const clients = new Map<number, RawClient>();

async function isMaster(port: number): Promise<boolean> {
  try {
    let client = clients.get(port);
    if (client === undefined) clients.set(port, client = await rawClient({ port }));
    return field(await client.call("INFO", "replication"), "role") === "master";
  } catch {
    clients.delete(port);
    return false;
  }
}

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const ports = line.split(" ").map(Number);
  let elected: number | undefined;
  while (elected === undefined) {
    for (const port of ports) if (elected === undefined && await isMaster(port)) elected = port;
    if (elected === undefined) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  console.log(`${elected} ${performance.timeOrigin + performance.now()}`);
}
for (const client of clients.values()) await client.close();
