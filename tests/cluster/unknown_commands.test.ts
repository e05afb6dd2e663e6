import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RedisCluster } from "../../mod.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { startCluster } from "../harness/cluster.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { ErrorReply } from "../harness/resp.ts";
import { field } from "../harness/wait.ts";
import { dealt, FakeCluster } from "./fake_cluster.ts";

/** A cluster of 30 with a module: its key is the second word; `asked` counts its requests. */
function withModule() {
  const fake = new FakeCluster(dealt(30));
  const seen = { asked: 0 };
  const owner = (key: string): number => {
    const slot = slotOf(key);
    return fake.belief.shards.find(({ range: [from, to] }) => slot >= from && slot <= to)!.master;
  };
  fake.before = (port, command) => {
    const [name = "", what, word] = command;
    if (name === "COMMAND" && what?.toUpperCase() === "INFO") {
      return [word === "MYMOD.GET" ? [word.toLowerCase(), 3, ["readonly"], 2, 2, 1, [], [], [], []] : null];
    }
    if (name !== "MYMOD.GET" && name !== "OTHER.GET" && name !== "EVAL") return undefined;
    seen.asked++;
    const key = command[2]!;
    return name === "EVAL" || port === owner(key)
      ? port
      : new ErrorReply(`MOVED ${slotOf(key)} node:${owner(key)}`);
  };
  const clock = new SimulatedClock();
  const redis = new RedisCluster({
    host: "node",
    port: 7000,
    transport: fake.transport(),
    clock,
    refreshInterval: 0,
  });
  const done = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false;
    promise.then(() => settled = true, () => settled = true);
    for (let step = 0; step < 1_000 && !settled; step++) await clock.advance(10);
    return await promise;
  };
  return { fake, seen, owner, redis, done };
}

describe("commands that the table does not know", () => {
  it("follow MOVED to the node that it names; then COMMAND says where their keys are", async () => {
    const { seen, owner, redis, done } = withModule();
    for (let n = 0; n < 40; n++) {
      assert.equal(await done(redis.command("mymod.get", "x", `k${n}`)), owner(`k${n}`));
    }
    // One redirection, and maybe a first command that had come to the right node.
    assert.ok(seen.asked <= 42, `${seen.asked} requests for 40 commands`);
    const pipeline = redis.pipeline();
    for (let n = 0; n < 10; n++) pipeline.command("MYMOD.GET", "x", `p${n}`);
    seen.asked = 0;
    assert.deepEqual(await done(pipeline.exec()), Array.from({ length: 10 }, (_, n) => owner(`p${n}`)));
    assert.equal(seen.asked, 10);
    await done(redis.close());
  });

  it("are redirected each time where COMMAND does not know them either, and succeed", async () => {
    const { owner, redis, done } = withModule();
    for (let n = 0; n < 20; n++) {
      assert.equal(await done(redis.command("OTHER.GET", "x", `k${n}`)), owner(`k${n}`));
    }
    await done(redis.close());
  });

  it("go where with({ key }) and with({ slot }) say: single, in pipelines, and scripts without declared keys", async () => {
    const { seen, owner, redis, done } = withModule();
    for (let n = 0; n < 10; n++) {
      const key = `k${n}`;
      const there = owner(key);
      seen.asked = 0;
      assert.equal(await done(redis.with({ key }).command("OTHER.GET", "x", key)), there);
      assert.equal(await done(redis.with({ slot: slotOf(key) }).command("OTHER.GET", "x", key)), there);
      assert.equal(
        await done(redis.with({ key: new TextEncoder().encode(key) }).eval("return 1", [], [])),
        there,
      );
      const pipeline = redis.with({ key }).pipeline();
      assert.deepEqual(await done(pipeline.command("OTHER.GET", "x", key).exec()), [there]);
      assert.equal(seen.asked, 4, "nothing was redirected");
    }
    // Commands with keys go where those are.
    assert.equal(await done(redis.with({ key: "elsewhere" }).set("k", "v")), "OK");
    await done(redis.close());
  });

  it("wrong hints are refused", () => {
    const redis = new RedisCluster({
      host: "node",
      port: 7000,
      transport: new FakeCluster(dealt(1)).transport(),
    });
    for (const slot of [-1, 16_384, 1.5, "1"]) {
      assert.throws(() => redis.with({ slot: slot as number }), /Cannot use the option `slot`/);
    }
    assert.throws(() => redis.with({ key: 1 as unknown as string }), /Cannot use the option `key`/);
  });

  it("on a real cluster: a command under another name is redirected until the client has learned its keys", async () => {
    await using cluster = await startCluster({
      masters: 3,
      replicas: 0,
      config: ["rename-command SUBSTR MYMOD.GET"],
    });
    await using redis = new RedisCluster([{ host: "127.0.0.1", port: cluster.masters[0]!.port }]);
    const keys = Array.from({ length: 30 }, (_, n) => `k${n}`);
    await Promise.all(keys.map((key) => redis.set(key, `value of ${key}`)));
    const redirections = async (): Promise<number> => {
      const counts = await Promise.all(cluster.nodes.map(async (node) => {
        const stats = String(await node.cli("INFO", "errorstats"));
        return Number(/count=(\d+)/.exec(field(stats, "errorstat_MOVED") ?? "")?.[1] ?? 0);
      }));
      return counts.reduce((sum, count) => sum + count, 0);
    };
    // In the first round the client learns where the key is.
    let before = 0;
    for (let round = 0; round < 2; round++) {
      before = await redirections();
      for (const key of keys) assert.equal(await redis.command("MYMOD.GET", key, 0, -1), `value of ${key}`);
    }
    assert.equal(await redirections(), before);
    // Scripts without declared keys go where the caller says, known to the server or not.
    const read = "return redis.call('GET', ARGV[1])";
    for (const flush of [true, false]) {
      for (const key of keys.slice(0, 10)) {
        const there = redis.with({ key });
        const options = { args: [key] };
        if (flush) { for (const node of cluster.nodes) await node.cli("SCRIPT", "FLUSH"); }
        assert.deepEqual(
          [
            await there.script(read, options),
            ...await there.pipeline().script(read, options).script(read, options).exec(),
            ...await there.multi().script(read, options).exec(),
          ],
          Array(4).fill(`value of ${key}`),
        );
      }
    }
    assert.equal(await redirections(), before);
  });
});
