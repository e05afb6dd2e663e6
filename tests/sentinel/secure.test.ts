import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis, Sentinel } from "../../mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { type Replicated, startReplicated } from "../harness/replicated.ts";
import { waitFor } from "../harness/wait.ts";
import { eager, healed, masterOf, NumberedWrites } from "./writes.ts";

const skip = olderThan("6.2.0", "users of sentinels");

describe("Sentinel: TLS and users, for sentinels and servers apart", { timeout: 60_000, skip }, () => {
  let topology: Replicated;
  before(async () => {
    topology = await startReplicated({
      replicas: 2,
      sentinels: 3,
      downAfter: 500,
      tls: true,
      password: "server-secret",
      sentinelPassword: "sentinel-secret",
      // Without ROLE, which counts as dangerous.
      acl: ["user app on >app-secret ~* &* +@all -@dangerous -@admin"],
    });
    await eager(topology);
  });
  after(() => topology?.stop());

  const addresses = () => topology.sentinels.map(({ host, tlsPort }) => ({ host, port: tlsPort! }));
  const ca = () => topology.master.certificates!.ca;

  it("follows a failover", async () => {
    const sentinel = new Sentinel(addresses(), {
      sentinel: { password: "sentinel-secret", tls: { ca: ca() } },
      tls: { ca: ca() },
      username: "app",
      password: "app-secret",
    });
    await using redis = sentinel.masterFor("mymaster");
    const writes = new NumberedWrites(redis, "secure");
    await writes.more(50);
    assert.equal(await redis.command("ACL", "WHOAMI"), "app");
    const old = await masterOf(topology);
    await topology.failOver();
    await waitFor("another master", async () => await masterOf(topology) === old ? "the old one" : undefined);
    await writes.more(50);
    await writes.check();
    await using reader = sentinel.replicaFor("mymaster", { readFrom: "any" });
    assert.equal(typeof await reader.llen("secure"), "number");
  });

  it("takes all of it from a URL", async () => {
    // The failover before is over for all of them: no news comes in the middle of a write.
    await healed(topology);
    const hosts = addresses().map(({ host, port }) => `${host}:${port}`).join(",");
    const file = encodeURIComponent(topology.master.certificates!.caFile);
    await using redis = new Redis(
      `rediss-sentinel://app:app-secret@${hosts}/mymaster/3?sentinel.password=sentinel-secret&tls.ca=${file}`,
    );
    assert.equal(await redis.set("k", "v"), "OK");
    assert.equal(redis.options.db, 3);
  });

  it("says whose credentials or certificates are refused", async () => {
    const sentinel = { password: "sentinel-secret", tls: { ca: ca() } };
    await assert.rejects(
      new Sentinel(addresses(), { sentinel: { ...sentinel, password: "wrong" } }).discoverMaster("mymaster"),
      { name: "AuthenticationError", message: /sentinel: \{ username, password \}/ },
    );
    await assert.rejects(
      new Sentinel(addresses(), { sentinel: { password: "sentinel-secret", tls: true } }).discoverMaster(
        "mymaster",
      ),
      { code: "NO_SENTINEL" },
    );
    const wrong = new Sentinel(addresses(), { sentinel, tls: { ca: ca() }, password: "wrong" });
    await using redis = wrong.masterFor("mymaster");
    await assert.rejects(redis.get("k"), {
      name: "AuthenticationError",
      message: /the server refused the credentials/,
    });
  });
});
