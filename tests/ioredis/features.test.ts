import { Buffer } from "node:buffer";
import { after, before, describe, it } from "node:test";
import { type Server, startServer } from "../harness/server.ts";
import { type Client, compare, event, outcome, type Run } from "./differential.ts";

async function collect(stream: AsyncIterable<unknown[]>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const part of stream) all.push(...part);
  return all.map(String).sort();
}

const PROGRAMS: Readonly<Record<string, (run: Run) => Promise<void>>> = {
  "defines scripts": async (run) => {
    for (const keyPrefix of ["", "p:"]) {
      const redis = run.make({
        keyPrefix,
        scripts: { second: { lua: "return {KEYS[1], KEYS[2], ARGV[1]}", numberOfKeys: 2 } },
      });
      redis.defineCommand("first", { lua: "return {KEYS[1], ARGV[1], ARGV[2]}" });
      redis.defineCommand("failing", { numberOfKeys: 0, lua: "return redis.call('nosuch')" });
      redis.defineCommand("pairs", { numberOfKeys: 0, lua: "return {'a', {'b', 1}}", readOnly: true });
      run.note(await redis.first(1, "k", "a", "b"), await redis.second("k", ["l", "a"]));
      run.note(await redis.firstBuffer(1, "k", "a", "b"), await outcome(redis.failing()));
      run.note(await redis.pairs(), await redis.pairs());
      await redis.script("FLUSH");
      run.note(await redis.pairs());
      run.note(await redis.pipeline().pairs().first(0, "x", "y").secondBuffer("a", "b", "c").exec());
      run.note(await redis.multi().pairs().second("a", "b", "c").exec());
      await redis.script("FLUSH");
      run.note(await redis.pipeline().pairs().exec());
      run.note(await new Promise((resolve) => redis.pairs((...args: unknown[]) => resolve(args))));
      run.note(Object.keys(redis.scriptsSet));
    }
  },
  "sends the source of a forgotten script once": async (run) => {
    const redis = run.make();
    redis.defineCommand("echoed", { numberOfKeys: 0, lua: "return ARGV[1]" });
    run.note(await redis.echoed("a"));
    await redis.script("FLUSH");
    await redis.config("RESETSTAT");
    run.note(await redis.pipeline().echoed("b").echoed(["c", ["d", "e"]]).echoed("f").exec());
    const stats: string = await redis.info("commandstats");
    run.note(/cmdstat_eval:calls=(\d+)/.exec(stats)?.[1], /cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1]);
  },
  "encodes commands": (run) => {
    const { Command } = run.Redis;
    for (const args of [[], ["key", "ü", 1], ["key", Buffer.from([0, 255]), "text"]]) {
      run.note(new Command("set", args).toWritable());
    }
    return Promise.resolve();
  },
  "scans with streams": async (run) => {
    const redis = run.make();
    for (let at = 0; at < 100; at++) await redis.set(`key:${at}`, at);
    await redis.hset("hash", { a: 1, b: 2 });
    await redis.sadd("set", "x", "y");
    await redis.zadd("zset", 1, "m", 2, "n");
    run.note(await collect(redis.scanStream({ match: "key:*", count: 10 })));
    run.note(await collect(redis.scanBufferStream({ match: "key:*" })));
    run.note(await collect(redis.scanStream({ type: "hash" })));
    run.note(
      await collect(redis.hscanStream("hash")),
      await collect(redis.sscanStream("set", { match: "x" })),
    );
    run.note(await collect(redis.zscanStream("zset")), await collect(redis.zscanBufferStream("zset")));
    run.note(await outcome(collect(redis.hscanStream("set"))));
    const closed = redis.scanStream({ count: 1 });
    closed.close();
    run.note(await collect(closed));
  },
  "monitors": async (run) => {
    const redis = run.make();
    await redis.ping();
    const monitor = await redis.monitor();
    run.note(monitor.status, monitor.mode, monitor instanceof run.Redis);
    const lines: unknown[] = [];
    const three = new Promise<void>((resolve) => {
      monitor.on("monitor", (time: string, args: string[], source: string, database: string) => {
        lines.push([/^\d+\.\d+$/.test(time), args, /^127\.0\.0\.1:\d+$/.test(source), database]);
        if (lines.length === 3) resolve();
      });
    });
    await redis.set("key", 'with "quotes" and spaces');
    await redis.get("key");
    await redis.select(1);
    await three;
    run.note(lines, await outcome(monitor.get("key")));
    monitor.disconnect();
    await event(monitor, "end");
  },
  "makes pipelines by itself": async (run) => {
    const redis = run.make({ enableAutoPipelining: true, autoPipeliningIgnoredCommands: ["ping"] });
    await event(redis, "ready");
    redis.defineCommand("double", { numberOfKeys: 1, lua: "return redis.call('incrby', KEYS[1], 2)" });
    const replies = [redis.set("a", 1), redis.get("a"), redis.incr("a"), redis.lpop("a"), redis.double("a")];
    run.note(redis.autoPipelineQueueSize);
    const ping = redis.ping();
    const info = redis.client("GETNAME");
    run.note(redis.autoPipelineQueueSize, await ping, await info);
    run.note(await Promise.all(replies.map(outcome)), redis.autoPipelineQueueSize);
    run.note(await redis.getBuffer("a"), await redis.call("get", "a"), await redis.hset("h", { x: 1 }));
    run.note(await new Promise((resolve) => redis.get("a", (...args: unknown[]) => resolve(args))));
  },
  "has transformers": async (run) => {
    const { Command } = run.Redis;
    const { argument, reply } = Command._transformer;
    const before = { hmset: argument.hmset, hgetall: reply.hgetall };
    Command.setArgumentTransformer("hmset", (args: unknown[]) => [args[0], "field", String(args[1])]);
    Command.setReplyTransformer("hgetall", (value: unknown[]) => ["reply", ...value]);
    try {
      const redis = run.make();
      run.note(await redis.hmset("h", 42), await redis.hgetall("h"));
      run.note(await redis.pipeline().hgetall("h").exec(), await redis.multi().hgetall("h").exec());
      Command.setReplyTransformer("get", () => {
        throw new Error("from the transformer");
      });
      run.note(await outcome(redis.get("k")), await redis.ping());
    } finally {
      argument.hmset = before.hmset;
      reply.hgetall = before.hgetall;
      delete reply.get;
    }
  },
  "sends commands made by hand": async (run) => {
    const redis = run.make();
    const { Command } = run.Redis;
    const set = new Command("set", ["k", 1], { replyEncoding: "utf8", keyPrefix: "p:" });
    run.note(set.name, set.args, set.getKeys(), set.getSlot());
    run.note(await redis.sendCommand(set), await set.promise);
    run.note(await redis.sendCommand(new Command("get", ["p:k"])));
    run.note(await redis.sendCommand(new Command("mget", [["a", "b"], "c"], "utf8")));
    const called = new Promise((resolve) => {
      redis.sendCommand(
        new Command("get", ["p:k"], { replyEncoding: "utf8" }, (...args: unknown[]) => resolve(args)),
      );
    });
    run.note(await called);
    run.note(Command.checkFlag("BLOCKING_COMMANDS", "BLPOP"), Command.checkFlag("WILL_DISCONNECT", "get"));
    const keys: Client[] = [
      new Command("mset", [{ a: 1, b: 2 }]),
      new Command("eval", ["lua", 2, "a", "b", "c"]),
      new Command("sort", ["k", "BY", "w_*", "GET", "#", "GET", "o_*", "STORE", "d"]),
      new Command("xread", ["STREAMS", "a", "b", "0", "0"]),
      new Command("nosuch", ["a"]),
    ];
    for (const command of keys) run.note(command.getKeys());
    run.note(redis.getBuiltinCommands().includes("get"), redis.getBuiltinCommands().includes("monitor"));
    const { string, buffer } = redis.createBuiltinCommand("echo");
    run.note(await string.call(redis, "text"), await buffer.call(redis, "text"));
    redis.addBuiltinCommand("ping2");
    run.note(await outcome(redis.ping2()), typeof redis.pipeline().ping2Buffer);
  },
  "is a Redis by other names": async (run) => {
    const { Redis, server } = run;
    const client = Redis.createClient(server.port);
    run.note(client instanceof Redis, await client.ping(), client.isCluster);
    client.end();
    await event(client, "end");
  },
  "watches": async (run) => {
    const redis = run.make();
    const other = run.make();
    await redis.watch("k");
    await other.set("k", 1);
    run.note(await redis.multi().get("k").exec());
    run.note(await redis.multi({ pipeline: false }), await redis.set("k", 2), await redis.get("k"));
    run.note(await redis.exec());
    await redis.multi({ pipeline: false });
    run.note(await outcome(redis.discard()), await outcome(redis.exec()));
  },
  "checks whether the server is ready": async (run) => {
    for (const enableReadyCheck of [true, false]) {
      const redis = run.make({ enableReadyCheck, connectionName: "named", db: 2 });
      run.note(await redis.client("GETNAME"), await redis.dbsize());
      const list = await redis.client("INFO");
      run.note(/lib-name=\S*/.exec(list)?.[0], /lib-ver=\S*/.exec(list)?.[0], /resp=\d/.exec(list)?.[0]);
    }
  },
};

describe("ioredis: features", () => {
  let server: Server;
  before(async () => void (server = await startServer()));
  after(() => server.stop());

  for (const [name, program] of Object.entries(PROGRAMS)) {
    it(name, () => compare(server, program).then(() => {}));
  }
});
