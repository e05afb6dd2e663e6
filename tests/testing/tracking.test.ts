/** Client tracking of the test server: invalidations as a real server sends them. @module */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TestServer } from "../../testing.ts";
import { type RawClient, rawClient } from "../harness/raw_client.ts";
import { startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";

/** Returns the replies to clients of a server after evictions, and after the target of a redirection has closed. */
async function observe(port: number): Promise<unknown[]> {
  const [reader, writer, target] = await Promise.all(
    Array.from({ length: 3 }, () => rawClient({ port })),
  ) as [RawClient, RawClient, RawClient];
  const seen: unknown[] = [];
  for (const client of [reader, writer]) await client.call("HELLO", 3);
  const id = Number(await target.call("CLIENT", "ID"));
  const info = async (): Promise<string> =>
    String(JSON.stringify(await reader.call("CLIENT", "TRACKINGINFO"))).replaceAll(String(id), "ID");

  // Two keys of one command are two messages; a client's own keys come after its reply.
  await reader.call("CLIENT", "TRACKING", "on");
  await reader.call("MSET", "a", 1, "b", 2);
  await reader.call("MGET", "a", "b");
  await reader.call("DEL", "a", "b");
  await reader.call("PING");
  seen.push(reader.pushes.splice(0));

  // More keys than the table may have.
  await reader.call("MGET", ...Array.from({ length: 350 }, (_, index) => `k${index}`));
  await writer.call("CONFIG", "SET", "tracking-table-max-keys", 10);
  await waitFor("340 invalidations", async () => {
    await reader.call("PING");
    return reader.pushes.length === 340 ? undefined : `${reader.pushes.length}`;
  });
  const evicted = reader.pushes.splice(0).map((push) => String((push as [string, string[]])[1]));
  seen.push(new Set(evicted).size);
  seen.push(/tracking_total_keys:\d+/.exec(String(await writer.call("INFO", "stats")))?.[0]);
  await writer.call("FLUSHALL");
  await writer.call("CONFIG", "SET", "tracking-table-max-keys", 1_000_000);
  await reader.call("PING");
  seen.push(reader.pushes.splice(0));
  seen.push(/tracking_total_keys:\d+/.exec(String(await writer.call("INFO", "stats")))?.[0]);

  // The target of a redirection goes.
  await target.call("SUBSCRIBE", "any");
  await reader.call("CLIENT", "TRACKING", "on", "REDIRECT", id);
  await reader.call("GET", "x");
  seen.push(await info());
  await target.close();
  await waitFor("the target to be gone", async () => {
    return String(await writer.call("CLIENT", "LIST", "ID", id)) === "" ? undefined : "it is there";
  });
  await writer.call("SET", "x", 1);
  await reader.call("PING");
  seen.push(JSON.stringify(reader.pushes.splice(0)).replaceAll(String(id), "ID"), await info());
  seen.push(/flags=\w+/.exec(String(await reader.call("CLIENT", "INFO")))?.[0]);
  await reader.call("CLIENT", "TRACKING", "off");
  seen.push(await info());
  for (const client of [reader, writer]) await client.close();
  return seen;
}

describe("client tracking of TestServer", () => {
  it("evicts keys and reports broken redirections as a real server does", async (t) => {
    const real = await startServer();
    t.after(() => real.stop());
    const client = await rawClient({ port: real.port });
    const seven = /redis_version:7\.0\./.test(String(await client.call("INFO", "server")));
    await client.close();
    if (!seven) return t.skip("the installed server is not 7.0");
    await using mine = new TestServer();
    const { url } = await mine.listen();
    const own = await observe(Number(new URL(url).port));
    assert.deepEqual(own[0], [["invalidate", ["a"]], ["invalidate", ["b"]]]);
    assert.deepEqual(own, await observe(real.port));
  });
});
