import { Buffer } from "node:buffer";
import { after, before, describe, it } from "node:test";
import { type Server, startServer } from "../harness/server.ts";
import { type Client, compare, outcome } from "./differential.ts";

/** Calls that prepare data and read it, in the forms that ioredis takes. */
const CALLS: readonly (readonly [string, ...unknown[]])[] = [
  ["set", "s", "text"],
  ["set", ["s2", "flat"]],
  ["set", "n", 42],
  ["set", "big", 9007199254740993n],
  ["set", "exponent", 1e21],
  ["set", "float", 0.1],
  ["set", "bool", true],
  ["set", "null", null],
  ["set", "undefined", undefined],
  ["set", "object", { a: 1 }],
  ["set", Buffer.from("buffer key"), Buffer.from([0, 255, 13, 10])],
  ["set", "bytes", new Uint8Array([1, 2])],
  ["set", "empty", Buffer.alloc(0)],
  ["set", "", "empty key"],
  ["set", "s", "other", "NX"],
  ["set", "s", "other", "GET"],
  ["get", "s"],
  ["get", ["s2"]],
  ["get", "missing"],
  ["get", "big"],
  ["get", "exponent"],
  ["get", "bool"],
  ["get", "null"],
  ["get", "undefined"],
  ["get", "object"],
  ["get", "bytes"],
  ["get", "buffer key"],
  ["get", ""],
  ["get", "n"],
  ["incr", "n"],
  ["incrbyfloat", "float", 1.5],
  ["incr", "s"],
  ["mset", "a", 1, "b", 2],
  ["mset", { c: 3, d: Buffer.from("4") }],
  ["mset", new Map<unknown, unknown>([["e", 5], [6, "f"]])],
  ["mset", ["g", 7, "h", 8]],
  ["msetnx", { c: 1, zz: 2 }],
  ["mget", "a", "b", "nothing", "e"],
  ["mget", ["c", "d"], "6"],
  ["mget", [["a"]]],
  ["hset", "hash", "f", "v"],
  ["hset", "hash", { x: 1, y: "2", __proto__: null, z: null }],
  ["hset", "hash", new Map([["m", "n"]])],
  ["hset", "hash", ["list", "of"], "more", "fields"],
  ["hmset", "hash2", { constructor: "c", toString: "t" }],
  ["hmset", "hash2", ["__proto__", "p"]],
  ["hgetall", "hash"],
  ["hgetall", "hash2"],
  ["hgetall", "no hash"],
  ["hmget", "hash", "f", "x", "nothing"],
  ["hkeys", "hash"],
  ["hrandfield", "no hash"],
  ["hrandfield", "single", 1, "WITHVALUES"],
  ["rpush", "list", 1, 2, 3],
  ["rpush", "list", ["4", "5"]],
  ["lrange", "list", 0, -1],
  ["lpop", "list", 2],
  ["lpop", "no list"],
  ["lpos", "list", "4"],
  ["blpop", "list", 1],
  ["blpop", ["list", "other"], 1],
  ["blpop", "no list", 0.01],
  ["lmpop", 1, "list", "LEFT"],
  ["sadd", "set", "one"],
  ["smembers", "set"],
  ["sismember", "set", "one"],
  ["smismember", "set", "one", "two"],
  ["sinter", "set", "set"],
  ["zadd", "zset", 1, "a", 2.5, "b", "inf", "c"],
  ["zadd", "zset", "INCR", 1, "a"],
  ["zrange", "zset", 0, -1],
  ["zrange", "zset", 0, -1, "WITHSCORES"],
  ["zrangebyscore", "zset", "-inf", "+inf", "WITHSCORES"],
  ["zrevrange", "zset", 0, 0, "WITHSCORES"],
  ["zscore", "zset", "b"],
  ["zscore", "zset", "c"],
  ["zmscore", "zset", "a", "nothing"],
  ["zrank", "zset", "b"],
  ["zrank", "zset", "b", "WITHSCORE"],
  ["zunion", 1, "zset", "WITHSCORES"],
  ["zinter", 1, "zset", "WITHSCORES"],
  ["zdiff", 1, "zset", "WITHSCORES"],
  ["zrandmember", "zset", 0],
  ["zpopmin", "zset"],
  ["zpopmax", "zset", 2],
  ["bzpopmin", "zset", 0.01],
  ["bzmpop", 0.01, 1, "zset", "MIN"],
  ["zincrby", "zset", 1.25, "q"],
  ["geoadd", "geo", 13.361389, 38.115556, "Palermo"],
  ["geopos", "geo", "Palermo", "nowhere"],
  ["geodist", "geo", "Palermo", "Palermo"],
  ["geosearch", "geo", "FROMMEMBER", "Palermo", "BYRADIUS", 1, "km", "WITHCOORD", "WITHDIST"],
  ["xadd", "stream", "1-1", "field", "value"],
  ["xadd", "stream", "1-2", ["field", "value", "g", "h"]],
  ["xrange", "stream", "-", "+"],
  ["xread", "STREAMS", "stream", "0"],
  ["xread", "BLOCK", 10, "STREAMS", "stream", "$"],
  ["xread", "COUNT", 1, "STREAMS", "stream", "no stream", "0", "0"],
  ["xgroup", "CREATE", "stream", "group", "0"],
  ["xreadgroup", "GROUP", "group", "consumer", "COUNT", "1", "STREAMS", "stream", ">"],
  ["xpending", "stream", "group"],
  ["xinfo", "GROUPS", "stream"],
  ["xinfo", "STREAM", "stream"],
  ["xautoclaim", "stream", "group", "other", 0, "0"],
  ["xack", "stream", "group", "1-1"],
  ["scan", "0", "COUNT", 1000, "MATCH", "has*"],
  ["hscan", "hash", 0],
  ["sscan", "set", 0],
  ["zscan", "zset", 0],
  ["type", "hash"],
  ["object", "ENCODING", "n"],
  ["exists", "a", "b", "nothing"],
  ["del", ["a", "b"]],
  ["expire", "c", 100],
  ["ttl", "c"],
  ["dump", "n"],
  ["setbit", "bits", 7, 1],
  ["bitfield", "bits", "GET", "u8", 0],
  ["pfadd", "hll", "a"],
  ["pfcount", "hll"],
  ["eval", "return {1, 'two', {3, false}, 4.9, redis.status_reply('fine')}", 0],
  ["eval", "return redis.error_reply('MY error')", 0],
  ["eval", "return {redis.error_reply('MY error'), 1}", 0],
  ["eval", "redis.setresp(3); return {double=3.5}", 0],
  ["eval", "redis.setresp(3); return true", 0],
  ["eval", "redis.setresp(3); return {map={a=1}}", 0],
  ["eval", "redis.setresp(3); return {set={a=true}}", 0],
  ["eval", "redis.setresp(3); return {big_number='12345678901234567890'}", 0],
  ["eval", "return {KEYS[1], ARGV[1]}", 1, "key", "argument"],
  ["evalsha", "ffffffffffffffffffffffffffffffffffffffff", 0],
  ["script", "LOAD", "return 1"],
  ["script", ["EXISTS", "ffffffffffffffffffffffffffffffffffffffff"]],
  ["config", "GET", "maxmemory"],
  ["command", "COUNT"],
  ["command", "GETKEYS", "get", "x"],
  ["command", "INFO", "get"],
  ["memory", "USAGE", "nothing"],
  ["client", "GETNAME"],
  ["client", "NO-EVICT", "off"],
  ["acl", "WHOAMI"],
  ["acl", "GETUSER", "default"],
  ["latency", "LATEST"],
  ["function", "LIST"],
  ["lcs", "s", "s2", "IDX"],
  ["sort", "set", "ALPHA"],
  ["echo", "text with ünïcödé"],
  ["ping"],
  ["ping", "argument"],
  ["dbsize"],
  ["publish", "channel", "message"],
  ["pubsub", "NUMSUB", "channel"],
  ["call", "get", "n"],
  ["call", "GET", ["n"]],
  ["call", "hgetall", "hash"],
  ["call", "HGETALL", "hash"],
  ["call", "zrange", "zset", 0, -1, "WITHSCORES"],
  ["call", "nosuchcommand", "with", "arguments"],
  ["send_command", "get", ["n"]],
  ["get", "hash"],
  ["hset", "hash"],
  ["multi", { pipeline: false }],
  ["set", "in multi", 1],
  ["hgetall", "hash"],
  ["exec"],
  ["watch", "n"],
  ["unwatch"],
  ["select", 0],
  ["swapdb", 1, 2],
];

let server: Server;
// A blocking command that finds nothing ends with the next turn of the server's timer.
before(async () => void (server = await startServer({ config: ["hz 100"] })));
after(() => server.stop());

for (const protocol of [2, 3]) {
  for (const options of [{}, { replyMapping: "resp3" }, { stringNumbers: true }, { keyPrefix: "p:" }]) {
    if (protocol === 2 && "replyMapping" in options) continue;
    describe(`ioredis: commands, protocol ${protocol}, ${JSON.stringify(options)}`, () => {
      it("have the results of ioredis, as text and as Buffers, with promises and callbacks", async () => {
        await compare(server, async ({ make, note }) => {
          const redis = make({ protocol, ...options });
          for (const [index, [name, ...args]] of CALLS.entries()) {
            note(index, name, await outcome(redis[name](...args)));
          }
          for (const [index, [name, ...args]] of CALLS.entries()) {
            const method = `${name}Buffer`;
            if (typeof redis[method] !== "function") continue;
            note(index, method, await outcome(redis[method](...args)));
          }
          for (const [name, ...args] of CALLS.slice(0, 40)) {
            const called = new Promise((resolve) => {
              redis[name](...args, (...outcome: unknown[]) => resolve(outcome)).catch(() => {});
            });
            note("callback", name, await called);
          }
        });
      });

      it("have pairs of errors and results in pipelines and transactions", async () => {
        const some = CALLS.filter(([name]) =>
          !/^(multi|exec|watch|unwatch|select|swapdb|send_command)$/.test(name)
        );
        await compare(server, async ({ make, note }) => {
          const redis = make({ protocol, ...options });
          const fill = (pipeline: Client, buffers = false): Client => {
            for (const [name, ...args] of some) {
              if (name.startsWith("b") && /pop/.test(name)) continue;
              const method = buffers ? `${name}Buffer` : name;
              if (typeof pipeline[method] === "function") pipeline[method](...args);
            }
            return pipeline;
          };
          note(await fill(redis.pipeline()).exec());
          note(await fill(redis.pipeline(), true).exec());
          await redis.flushall();
          const valid = redis.multi();
          for (const [name, ...args] of some) {
            if (args.length > 0 && name !== "call" && !/hset|xread/.test(name)) valid[name](...args);
          }
          note(await outcome(valid.exec()));
          note(await outcome(fill(redis.multi()).exec()));
          note(await redis.multi([["set", "k", "v"], ["hgetall", "h"], ["get", "k"]]).exec());
          note(await redis.multi().set("k", "v").getBuffer("k").exec());
          note(await redis.multi().set("k", "v").get("k").execBuffer());
          note(await redis.pipeline().multi().set("a", 1).get("a").exec().get("a").exec());
          note(await redis.pipeline([["get", "a"], ["nosuch"]].slice(0, 1)).exec());
          note(await redis.pipeline().exec(), redis.pipeline().get("a").length);
          note(await outcome(redis.multi().exec()));
        });
      });
    });
  }
}
