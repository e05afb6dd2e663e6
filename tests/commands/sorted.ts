/** Sorted sets and places. @module */
import * as c from "../../src/commands/mod.ts";
import type { Context } from "./suite.ts";

/** Adding, ranks, scores, ranges. */
export async function sortedSets(t: Context): Promise<void> {
  await t.is(c.zadd("z", 1, "one"), 1);
  await t.is(c.zadd("z", [[2, "two"], ["3", "three"]]), 2);
  await t.is(c.zadd("z", 5, "one", { gt: true, ch: true }), 1);
  await t.is(c.zadd("z", [[1, "one"]], { xx: true }), 0);
  await t.is(c.zadd("z", 0.5, "one", { incr: true }), 1.5);
  await t.is(c.zadd("z", [[1, "one"]], { incr: true, nx: true }), null);
  await t.is(c.zcard("z"), 3);
  await t.is(c.zscore("z", "one"), 1.5);
  await t.is(c.zscore("z", "none"), null);
  await t.is(c.zincrby("z", -0.5, "one"), 1);
  await t.is(c.zmscore("z", "one", "none"), [1, null]);
  await t.is(c.zadd("inf", "-inf", "low"), 1);
  await t.is(c.zadd("inf", Infinity, "high"), 1);
  await t.is(c.zmscore("inf", "low", "high"), [-Infinity, Infinity]);
  await t.is(c.zrank("z", "two"), 1);
  await t.is(c.zrank("z", "none"), null);
  await t.is(c.zrevrank("z", "three"), 0);
  if (t.redis("7.2.0") || t.server.name === "valkey") {
    await t.is(c.zrank("z", "two", { withScore: true }), [1, 2]);
    await t.is(c.zrank("z", "none", { withScore: true }), null);
    await t.is(c.zrevrank("z", "two", { withScore: true }), [1, 2]);
  }
  await t.is(c.zcount("z", "(1", "+inf"), 2);
  await t.is(c.zlexcount("z", "-", "+"), 3);

  await t.is(c.zrange("z", 0, -1), ["one", "two", "three"]);
  await t.is(c.zrange("z", 0, -1, { withScores: true }), [["one", 1], ["two", 2], ["three", 3]]);
  await t.is(c.zrange("z", "(1", "+inf", { byScore: true, limit: { offset: 1, count: 1 } }), ["three"]);
  await t.is(c.zrange("z", 0, 0, { rev: true }), ["three"]);
  await t.is(c.zrange("none", 0, 0, { withScores: true }), []);
  await t.is(c.zrangebyscore("z", "-inf", 2), ["one", "two"]);
  await t.is(c.zrangebyscore("z", "(1", 2, { withScores: true }), [["two", 2]]);
  await t.is(c.zrevrange("z", 0, 0), ["three"]);
  await t.is(c.zrevrange("z", 0, 0, { withScores: true }), [["three", 3]]);
  await t.is(c.zrevrangebyscore("z", 2, 1), ["two", "one"]);
  await t.is(c.zrevrangebyscore("z", 2, 2, { withScores: true }), [["two", 2]]);
  await t.is(c.zrangestore("dst", "z", 0, 1), 2);
  await t.is(c.zscan("z", 0, { match: "o*" }), { cursor: "0", entries: [["one", 1]] });
  if (t.server.name === "valkey") {
    await t.is(c.zscan("z", 0, { match: "o*", noScores: true }), { cursor: "0", members: ["one"] });
  }

  await t.is(c.zadd("lex", [[0, "a"], [0, "b"], [0, "c"]]), 3);
  await t.is(c.zrangebylex("lex", "-", "[b"), ["a", "b"]);
  await t.is(c.zrevrangebylex("lex", "[b", "-", { limit: { offset: 0, count: 1 } }), ["b"]);
  await t.is(c.zremrangebylex("lex", "[b", "[c"), 2);
  await t.is(c.zremrangebyrank("dst", 0, 0), 1);
  await t.is(c.zremrangebyscore("dst", "-inf", "(3"), 1);
  await t.is(c.zrem("z", "one", "none"), 1);
}

/** Several sorted sets at once, and taking members out. */
export async function sortedSetAlgebra(t: Context): Promise<void> {
  await t.is(c.zadd("a", [[1, "one"], [2, "two"]]), 2);
  await t.is(c.zadd("b", [[1, "one"], [2, "two"], [3, "three"]]), 3);
  await t.is(c.zdiff(["b", "a"]), ["three"]);
  await t.is(c.zdiff(["b", "a"], { withScores: true }), [["three", 3]]);
  await t.is(c.zdiffstore("out", ["b", "a"]), 1);
  await t.is(c.zinter(["a", "b"]), ["one", "two"]);
  await t.is(c.zinter(["a", "b"], { weights: [2, 3], withScores: true }), [["one", 5], ["two", 10]]);
  await t.is(c.zinterstore("out", ["a", "b"], { weights: [2, 3], aggregate: "MAX" }), 2);
  await t.is(c.zscore("out", "two"), 6);
  await t.is(c.zintercard(["a", "b"], { limit: 1 }), 1);
  await t.is(c.zunion(["a", "b"]), ["one", "three", "two"]);
  await t.is(c.zunion(["a", "b"], { withScores: true }), [["one", 2], ["three", 3], ["two", 4]]);
  await t.is(c.zunionstore("out", "a"), 2);

  await t.is(c.zrandmember("none"), null);
  await t.looks(c.zrandmember("a"), (one) => one === "one" || one === "two");
  await t.members(c.zrandmember("a", 5), ["one", "two"]);
  await t.members(c.zrandmember("a", 5, { withScores: true }), [["one", 1], ["two", 2]]);
  await t.is(c.zpopmin("b"), [["one", 1]]);
  await t.is(c.zpopmax("b", 5), [["three", 3], ["two", 2]]);
  await t.is(c.zpopmin("none"), []);
  await t.is(c.zmpop(["none", "a"], "MIN"), ["a", [["one", 1]]]);
  await t.is(c.zmpop("none", "MAX"), null);
  await t.is(c.bzpopmin(["none", "a"], 0), ["a", "two", 2]);
  await t.is(c.bzpopmax("none", 0.01), null);
  await t.is(c.bzpopmax("out", 0.01), ["out", "two", 2]);
  await t.is(c.bzmpop(0.01, "out", "MIN", { count: 5 }), ["out", [["one", 1]]]);
  await t.is(c.bzmpop(0.01, "out", "MIN"), null);
}

/** Places. */
export async function places(t: Context): Promise<void> {
  await t.is(c.geoadd("Sicily", [[13.361389, 38.115556, "Palermo"], [15.087269, 37.502669, "Catania"]]), 2);
  await t.is(c.geoadd("Sicily", 13.583333, 37.316667, "Agrigento", { nx: true }), 1);
  await t.is(c.geodist("Sicily", "Palermo", "Catania"), 166274.1516);
  await t.is(c.geodist("Sicily", "Palermo", "Catania", "km"), 166.2742);
  await t.is(c.geodist("Sicily", "Palermo", "none"), null);
  await t.is(c.geohash("Sicily", "Palermo", "none"), ["sqc8b49rny0", null]);
  await t.looks(
    c.geopos("Sicily", "Palermo", "none"),
    ([at, none]) =>
      Math.abs(at![0] - 13.361389) < 1e-5 && Math.abs(at![1] - 38.115556) < 1e-5 && none === null,
  );
  const near = { fromLonLat: [15, 37], byRadius: { radius: 200, unit: "km" }, asc: true } as const;
  await t.is(c.geosearch("Sicily", near), ["Catania", "Agrigento", "Palermo"]);
  await t.is(c.geosearch("Sicily", { ...near, count: 1, withDist: true, withHash: true }), [
    { member: "Catania", distance: 56.4413, hash: 3479447370796909 },
  ]);
  await t.looks(
    c.geosearch("Sicily", {
      fromMember: "Palermo",
      byBox: { width: 1, height: 1, unit: "m" },
      withCoord: true,
    }),
    ([one]) => one!.member === "Palermo" && Math.abs(one!.coordinates![1] - 38.115556) < 1e-5,
  );
  await t.is(c.geosearchstore("near", "Sicily", { ...near, count: 2, any: true }), 2);
  if (t.server.name === "valkey" && t.has("MSETEX")) {
    await t.is(c.geosearch("Sicily", { byPolygon: [[14, 38], [16, 38], [16, 37], [14, 37]] }), ["Catania"]);
  }
  await t.is(c.georadius("Sicily", 15, 37, 100, "km", { desc: true }), ["Agrigento", "Catania"].slice(1));
  await t.is(c.georadius("Sicily", 15, 37, 200, "km", { store: "stored" }), 3);
  await t.is(c.georadius_ro("Sicily", 15, 37, 100, "km", { withDist: true }), [{
    member: "Catania",
    distance: 56.4413,
  }]);
  await t.is(c.georadiusbymember("Sicily", "Agrigento", 100, "km"), ["Agrigento", "Palermo"]);
  await t.is(c.georadiusbymember_ro("Sicily", "Agrigento", 100, "km", { asc: true, count: 1 }), [
    "Agrigento",
  ]);
}
