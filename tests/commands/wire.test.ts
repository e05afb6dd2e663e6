/**
 * The parts of commands: the words on the wire, the errors for wrong shapes, keys, waiting times, the table
 * of raw commands.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { blockingTime } from "../../src/commands/blocking.ts";
import { CommandFlag } from "../../src/commands/command.ts";
import { keysOf } from "../../src/commands/keys.ts";
import * as c from "../../src/commands/mod.ts";
import { lookupCommand } from "../../src/commands/table.ts";
import type { Arg } from "../../src/resp/types.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function words(command: c.Command): string {
  return [command.spec.name, ...command.args].join(" ");
}

describe("arguments", () => {
  const expected: [c.Command, string][] = [
    [c.set("k", "v"), "SET k v"],
    [c.set("k", "v", { ex: 60, nx: true, get: false }), "SET k v NX EX 60"],
    [c.set("k", "v", { ex: undefined, keepTtl: true }), "SET k v KEEPTTL"],
    [c.mset({ a: 1, b: 2n }), "MSET a 1 b 2"],
    [c.hsetex("h", { f: "v", g: "w" }, { ex: 9 }), "HSETEX h EX 9 FIELDS 2 f v g w"],
    [c.hgetex("h", "f", { persist: true }), "HGETEX h PERSIST FIELDS 1 f"],
    [c.msetex({ a: 1 }, { px: 5 }), "MSETEX 1 a 1 PX 5"],
    [
      c.zinterstore("d", ["a", "b"], { weights: [1, 2], aggregate: "sum" }),
      "ZINTERSTORE d 2 a b WEIGHTS 1 2 AGGREGATE sum",
    ],
    [c.zadd("z", [[1, "a"]], { gt: true }), "ZADD z GT 1 a"],
    [c.xadd("s", "*", { a: 1 }, { maxlen: 5 }), "XADD s MAXLEN 5 * a 1"],
    [c.xread({ a: 1, b: 2 }, { block: 0 }), "XREAD BLOCK 0 STREAMS a b 1 2"],
    [c.xinfoStream("s", { count: 1, full: true }), "XINFO STREAM s FULL COUNT 1"],
    [c.blpop(["a", "b"], 5), "BLPOP a b 5"],
    [c.eval_("x", ["k"], ["a"]), "EVAL x 1 k a"],
    [
      c.migrate("h", 1, ["a", "b"], 0, 5, { auth2: { username: "u", password: "p" }, copy: true }),
      "MIGRATE h 1  0 5 COPY AUTH2 u p KEYS a b",
    ],
    [c.sort("l", { get: ["#", "w_*"], alpha: true }), "SORT l GET # GET w_* ALPHA"],
    [c.clientKill({ skipMe: false, libName: "x" }), "CLIENT KILL SKIPME NO LIB-NAME x"],
    [c.commandList({ aclCat: "read" }), "COMMAND LIST FILTERBY ACLCAT read"],
    [
      c.clusterMigrateslots([{ ranges: [[0, 5], [7, 9]], node: "n" }]),
      "CLUSTER MIGRATESLOTS SLOTSRANGE 0 5 7 9 NODE n",
    ],
    [c.failover({ force: true, to: { host: "h", port: 1 } }), "FAILOVER TO h 1 FORCE"],
    [c.vadd("v", [1, 2], "e", { reduce: 1, q8: true }), "VADD v REDUCE 1 VALUES 2 1 2 e Q8"],
    [c.geosearch("g", { byPolygon: [[1, 2], [3, 4], [5, 6]] }), "GEOSEARCH g BYPOLYGON 3 1 2 3 4 5 6"],
    [c.moduleLoadex("m", { config: [["a", 1]], args: ["x", "y"] }), "MODULE LOADEX m CONFIG a 1 ARGS x y"],
    [c.shutdown({ noSave: true }), "SHUTDOWN NOSAVE"],
    [c.bitcount("k", 0), "BITCOUNT k 0"],
    [c.xackdel("s", "g", ["1-0", "2-0"], { acked: true }), "XACKDEL s g ACKED IDS 2 1-0 2-0"],
    [c.xadd("s", "*", { a: 1 }, { idmp: { pid: "p", iid: "i" } }), "XADD s IDMP p i * a 1"],
    [c.clusterMigration({ import: [[0, 5], [7, 9]] }), "CLUSTER MIGRATION IMPORT 0 5 7 9"],
    [c.clusterMigration({ status: { id: "x" } }), "CLUSTER MIGRATION STATUS ID x"],
    [
      c.hotkeysStart({ metrics: ["CPU", "NET"], slots: [1, 2] }),
      "HOTKEYS START METRICS 2 CPU NET SLOTS 2 1 2",
    ],
  ];
  for (const [command, text] of expected) it(text, () => assert.equal(words(command), text));
});

describe("wrong shapes", () => {
  const loose = c as unknown as Record<string, (...args: unknown[]) => c.Command>;
  const wrong: [string, () => unknown, RegExp][] = [
    ["an empty list", () => c.del(), /^TypeError: Cannot make DEL: the list is empty/],
    ["an empty list of keys", () => c.blpop([], 1), /Cannot make BLPOP: the list is empty/],
    ["no pairs", () => c.mset({}), /Cannot make MSET: there is no pair/],
    ["no pairs for a counted list", () => c.hsetex("h", {}), /Cannot make HSETEX: there is no pair/],
    ["a flat list of pairs", () => loose.mset!(["a", 1]), /Cannot make MSET: each pair/],
    ["no object", () => loose.mset!("a"), /Cannot make MSET: fields and values are an object/],
    [
      "an unknown option",
      () => loose.set!("k", "v", { foo: 1 }),
      /Cannot make SET: there is no option foo; there are nx, xx/,
    ],
    [
      "options that exclude each other",
      () => loose.set!("k", "v", { ex: 1, px: 1 }),
      /SET: the options ex and px exclude/,
    ],
    [
      "a flag that is no boolean",
      () => loose.set!("k", "v", { nx: 1 }),
      /the option nx must be true or false/,
    ],
    [
      "options that are no object",
      () => loose.set!("k", "v", "EX"),
      /SET: options are an object: write \{ ex/,
    ],
    [
      "half a limit",
      () => loose.zrange!("z", 0, 1, { limit: { offset: 1 } }),
      /limit must be an object with offset,count/,
    ],
    [
      "a pair of three",
      () => loose.zadd!("z", [[1, "a", "b"]]),
      /ZADD: each member of the list must be a list of 2/,
    ],
    ["no shape", () => loose.geosearch!("g", { fromMember: "m" }), /GEOSEARCH: it takes one of byRadius/],
    ["no stream", () => c.xread({}), /Cannot make XREAD: there is no pair/],
  ];
  for (const [title, make, message] of wrong) it(title, () => assert.throws(make, message));
});

describe("keysOf", () => {
  const raw = (...args: Arg[]) => {
    const { spec, args: rest } = lookupCommand(args);
    return new c.Command(spec, rest);
  };
  const expected: [c.Command, Arg[]][] = [
    [c.get("a"), ["a"]],
    [c.mset({ a: 1, b: 2 }), ["a", "b"]],
    [c.del("a", "b"), ["a", "b"]],
    [c.blpop(["a", "b"], 1), ["a", "b"]],
    [c.blmpop(1, ["a", "b"], "LEFT"), ["a", "b"]],
    [c.eval_("x", ["a", "b"], ["c"]), ["a", "b"]],
    [c.eval_("x"), []],
    [c.zunionstore("d", ["a", "b"]), ["d", "a", "b"]],
    [c.xread({ a: 1, b: 2 }, { count: 1 }), ["a", "b"]],
    [c.xreadgroup("STREAMS", "me", { a: 1, b: 2 }), ["a", "b"]],
    [c.objectEncoding("a"), ["a"]],
    [c.memoryUsage("a", { samples: 1 }), ["a"]],
    [c.xinfoStream("a"), ["a"]],
    [c.sort("a", { store: "b", by: "store_*" }), ["a", "b"]],
    [c.georadius("a", 1, 2, 3, "km", { storeDist: "b" }), ["a", "b"]],
    [c.migrate("h", 1, ["a", "b"], 0, 5), ["a", "b"]],
    [c.msetex({ a: 1, b: 2 }), ["a", "b"]],
    [c.bitop("AND", "d", "a", "b"), ["d", "a", "b"]],
    [c.rename("a", "b"), ["a", "b"]],
    [c.publish("a", 1), []],
    [c.spublish("a", 1), ["a"]],
    [c.ping("a"), []],
    [raw("migrate", "h", 1, "a", 0, 5), ["a"]],
    [raw("eval", "x", bytes("2"), "a", "b", "c"), ["a", "b"]],
    [raw("object", "encoding", "a"), ["a"]],
    [raw("XREAD", bytes("streams"), "a", "0"), ["a"]],
    [raw("MSETEX", "junk", "a", "b"), []],
    [raw("MODULE.THING", "a"), []],
  ];
  for (const [command, keys] of expected) it(words(command), () => assert.deepEqual(keysOf(command), keys));
});

describe("blockingTime", () => {
  const expected: [c.Command, number][] = [
    [c.get("a"), 0],
    [c.blpop("a", 5), 5000],
    [c.brpop(["a", "b"], "0.5"), 500],
    [c.blpop("a", 0), Infinity],
    [c.blmove("a", "b", "LEFT", "RIGHT", 2), 2000],
    [c.brpoplpush("a", "b", 2), 2000],
    [c.bzpopmin("a", 3), 3000],
    [c.blmpop(1, "a", "LEFT"), 1000],
    [c.bzmpop(0, "a", "MIN"), Infinity],
    [c.wait(1, 100), 100],
    [c.waitaof(1, 0, 0), Infinity],
    [c.xread({ a: 0 }), 0],
    [c.xread({ a: 0 }, { block: 250 }), 250],
    [c.xread({ block: 7 }), 0],
    [c.xreadgroup("BLOCK", "9", { a: ">" }), 0],
    [c.xreadgroup("g", "c", { a: ">" }, { block: 0, noAck: true }), Infinity],
    [new c.Command(lookupCommand(["blpop"]).spec, ["a", bytes("1.5")]), 1500],
    [new c.Command(lookupCommand(["blpop"]).spec, ["a", "soon"]), 0],
  ];
  for (const [command, time] of expected) it(words(command), () => assert.equal(blockingTime(command), time));
});

describe("lookupCommand", () => {
  it("finds commands and subcommands in any case", () => {
    assert.deepEqual(lookupCommand(["gEt", "k"]).spec, c.get("k").spec);
    const { spec, args } = lookupCommand([bytes("config"), "Get", "x"]);
    assert.equal(spec.name, "CONFIG GET");
    assert.deepEqual(args, ["x"]);
  });

  it("knows the flags", () => {
    const flags = (...names: string[]) => lookupCommand(names).spec.flags;
    assert.equal(flags("GET"), CommandFlag.readonly);
    assert.ok(flags("BLPOP") & CommandFlag.blocking);
    assert.ok(flags("CLIENT", "REPLY") & CommandFlag.stateful);
    assert.ok(flags("PSYNC") & CommandFlag.stateful);
    assert.ok(flags("DUMP") & CommandFlag.binary);
    assert.ok(flags("MSET") & CommandFlag.idempotent);
  });

  it("takes what it does not know as it is", () => {
    const { spec, args } = lookupCommand(["Über.set", "k"]);
    assert.deepEqual(spec, {
      name: "Über.set",
      head: bytes("$9\r\nÜber.set\r\n"),
      words: 1,
      flags: CommandFlag.opaque,
      keys: [],
    });
    assert.deepEqual(args, ["k"]);
    assert.equal(lookupCommand(["CONFIG", "UNHEARD", "x"]).spec.name, "CONFIG");
    assert.throws(() => lookupCommand([]), /Cannot look up a command: its name is missing/);
  });

  it("encodes the name as it is sent", () => {
    assert.deepEqual(c.configGet("x").spec.head, bytes("$6\r\nCONFIG\r\n$3\r\nGET\r\n"));
  });
});
