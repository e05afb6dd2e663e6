/** A topology that is learned hundreds of times, and nodes that come and go, leave nothing behind. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { olderThan } from "../harness/binaries.ts";
import { startCluster } from "../harness/cluster.ts";
import { field } from "../harness/wait.ts";

const flags = "Deno" in globalThis
  ? ["run", "-A", "--quiet", "--v8-flags=--expose-gc"]
  : "Bun" in globalThis
  ? []
  : ["--expose-gc", "--no-warnings"];

const options = { skip: olderThan("7.0.0", "shard channels"), timeout: 100_000 };

it("450 refreshes, in which all nodes change 90 times, leave nothing behind", options, async () => {
  await using cluster = await startCluster({ masters: 3, replicas: 0 });
  const script = fileURLToPath(new URL("fixtures/many_refreshes.ts", import.meta.url));
  const port = String(cluster.masters[0]!.port);
  // It ends by itself, or not at all: nothing calls exit.
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, port], {
    timeout: 90_000,
  });
  const { growth, refreshes, gaps, created, nodes, resources } = JSON.parse(stdout);
  assert.ok(refreshes >= 450, `${refreshes} refreshes`);
  assert.ok(gaps >= 90, `${gaps} gaps`);
  assert.equal(nodes, 3);
  assert.ok(created <= 9, `${created} connections at the end`);
  assert.ok(growth < 150 * 600, `150 refreshes leave ${growth} bytes behind`);
  assert.deepEqual(resources, []);
  for (const node of cluster.nodes) {
    assert.equal(field(await node.cli("INFO", "clients"), "connected_clients"), "1");
  }
});
