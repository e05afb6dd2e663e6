/**
 * Tells when an election is over: asks nodes for their role, each few milliseconds, in a process of its own, so that
 * the client that is measured and the one who measures do not wait for each other.
 *
 * Reads lines `PORT PORT ...` from its standard input; answers each with `PORT TIME` as soon as one of those nodes
 * says that it is a master (milliseconds since 1970), and begins with `ready`.
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
