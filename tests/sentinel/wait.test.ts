import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Sentinel } from "../../mod.ts";
import { type Replicated, startReplicated } from "../harness/replicated.ts";

describe("wait() of a client of sentinels", () => {
  let set: Replicated;
  before(async () => {
    set = await startReplicated({ replicas: 1, sentinels: 1 });
  });
  after(() => set.stop());

  for (const readFrom of ["master", "preferReplica"] as const) {
    it(`counts no replica that has not got the write, with readFrom ${readFrom}`, async (t) => {
      const sentinel = new Sentinel(set.sentinels.map(({ host, port }) => ({ host, port })));
      const redis = sentinel.masterFor("mymaster", { readFrom });
      t.after(() => redis.close());
      do await redis.set("warm", 1); while (await redis.wait(1, 1_000) < 1);
      const [replica] = set.replicas;
      await replica!.kill("SIGSTOP");
      try {
        await redis.set("money", 42);
        assert.equal(await redis.wait(1, 50), 0);
        const [, replicas] = await Promise.all([redis.set("money", 43), redis.wait(1, 50)]);
        assert.equal(replicas, 0);
      } finally {
        await replica!.kill("SIGCONT");
      }
      assert.equal(await redis.wait(1, 20_000), 1);
    });
  }
});
