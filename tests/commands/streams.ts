/** Streams. @module */
import * as c from "../../src/commands/mod.ts";
import type { Context } from "./suite.ts";

/** Entries: adding, reading, trimming. */
export async function streams(t: Context): Promise<void> {
  await t.is(c.xadd("s", "1-1", { name: "Sara", surname: "OConnor" }), "1-1");
  await t.is(c.xadd("s", "2-0", [["a", 1], ["b", 2]], { maxlen: ["~", 1000], limit: 10 }), "2-0");
  await t.is(c.xadd("s", "3-0", new Map([["c", "3"]]), { minid: "1-0" }), "3-0");
  await t.looks(c.xadd("auto", "*", { a: 1 }), (id) => /^\d+-\d+$/.test(id));
  await t.is(c.xadd("none", "*", { a: 1 }, { noMkStream: true }), null);
  await t.is(c.xlen("s"), 3);
  const first = { id: "1-1", fields: { name: "Sara", surname: "OConnor" } };
  const last = { id: "3-0", fields: { c: "3" } };
  await t.is(c.xrange("s", "-", "+", { count: 1 }), [first]);
  await t.is(c.xrevrange("s", "+", "-", { count: 1 }), [last]);
  await t.is(c.xrange("none", "-", "+"), []);
  await t.is(c.xread({ s: "2-0", none: 0 }), { s: [last] });
  await t.is(c.xread([["s", "0"]], { count: 1 }), { s: [first] });
  await t.is(c.xread({ s: "$" }), null);
  await t.is(c.xread({ s: "$" }, { block: 5 }), null);
  await t.is(c.xdel("s", "2-0", "9-0"), 1);
  await t.is(c.xsetid("s", "4-0", { entriesAdded: 4, maxDeletedId: "2-0" }), "OK");
  await t.looks(
    c.xinfoStream("s"),
    (info) => info.length === 2 && info["last-generated-id"] === "4-0" && info["first-entry"]!.id === "1-1",
  );
  await t.looks(c.xinfoStream("s", { full: true, count: 1 }), (info) => info.entries!.length === 1);
  await t.is(c.xtrim("s", { maxlen: 1 }), 1);
  await t.is(c.xtrim("s", { minid: ["=", "9-0"] }), 1);
}

/** Groups of consumers. */
export async function consumerGroups(t: Context): Promise<void> {
  await t.is(c.xgroupCreate("s", "g", "$", { mkStream: true }), "OK");
  await t.is(c.xadd("s", "1-0", { a: 1 }), "1-0");
  await t.is(c.xadd("s", "2-0", { b: 2 }), "2-0");
  await t.is(c.xgroupCreateconsumer("s", "g", "eve"), 1);
  const one = { id: "1-0", fields: { a: "1" } };
  const two = { id: "2-0", fields: { b: "2" } };
  await t.is(c.xreadgroup("g", "bob", { s: ">" }), { s: [one, two] });
  await t.is(c.xreadgroup("g", "bob", { s: ">" }, { count: 1, block: 5 }), null);
  await t.is(c.xreadgroup("g", "bob", { s: 0 }, { count: 1 }), { s: [one] });
  await t.is(c.xpending("s", "g"), { count: 2, min: "1-0", max: "2-0", consumers: [["bob", 2]] });
  await t.looks(
    c.xpending("s", "g", "-", "+", 10),
    (all) =>
      all.length === 2 && all[0]!.id === "1-0" && all[0]!.consumer === "bob" && all[0]!.deliveries >= 1,
  );
  await t.looks(c.xpending("s", "g", "-", "+", 10, "bob", { idle: 0 }), (all) => all.length === 2);
  await t.is(c.xpending("s", "g", "-", "+", 10, { idle: 3_600_000 }), []);
  await t.is(c.xclaim("s", "g", "alice", 0, "1-0"), [one]);
  await t.is(c.xclaim("s", "g", "alice", 0, ["1-0"], { justId: true, retryCount: 3 }), ["1-0"]);
  await t.is(c.xdel("s", "1-0"), 1);
  await t.is(c.xreadgroup("g", "alice", { s: 0 }), { s: [{ id: "1-0", fields: {} }] });
  await t.is(c.xautoclaim("s", "g", "alice", 0, 0, { count: 10 }), {
    next: "0-0",
    entries: [two],
    deleted: ["1-0"],
  });
  await t.is(c.xautoclaim("s", "g", "alice", 0, 0, { justId: true }), {
    next: "0-0",
    entries: ["2-0"],
    deleted: [],
  });
  await t.is(c.xack("s", "g", "2-0"), 1);
  await t.is(c.xpending("s", "g"), { count: 0, min: null, max: null, consumers: [] });
  await t.looks(c.xinfoGroups("s"), ([group]) => group!.name === "g" && group!.consumers === 3);
  await t.looks(c.xinfoConsumers("s", "g"), (all) => all.map(({ name }) => name).join() === "alice,bob,eve");
  await t.is(c.xgroupSetid("s", "g", "0"), "OK");
  await t.is(c.xgroupDelconsumer("s", "g", "bob"), 0);
  await t.is(c.xgroupDestroy("s", "g"), 1);
}

/** References, idempotent producers, claims on reading: Redis 8.2 to 8.6. */
export async function newerStreams(t: Context): Promise<void> {
  if (!t.has("XACKDEL")) return;
  await t.is(c.xgroupCreate("s", "g", "$", { mkStream: true }), "OK");
  for (const id of ["1-0", "2-0", "3-0", "4-0"]) await t.is(c.xadd("s", id, { a: id }), id);
  await t.looks(c.xreadgroup("g", "bob", { s: ">" }, { count: 3 }), (all) => all !== null);
  await t.is(c.xackdel("s", "g", ["1-0", "9-0"], { delRef: true }), [1, -1]);
  await t.is(c.xdelex("s", "2-0", { acked: true }), [2]);
  await t.is(c.xdelex("s", ["2-0"]), [1]);
  await t.is(c.xtrim("s", { maxlen: 1, delRef: true }), 1);
  await t.is(c.xadd("s", "5-0", { a: 5 }, { maxlen: 9, keepRef: true }), "5-0");
  if (!t.has("XCFGSET")) return;
  await t.is(c.xcfgset("s", { idmpDuration: 100, idmpMaxsize: 50 }), "OK");
  const id = await t.looks(c.xadd("s", "*", { a: 6 }, { idmp: { pid: "p", iid: 1 } }), (made) => made !== "");
  await t.is(c.xadd("s", "*", { a: 6 }, { idmp: { pid: "p", iid: 1 } }), id);
  const auto = await t.looks(c.xadd("s", "*", { a: 7 }, { idmpAuto: "p" }), (made) => made !== id);
  await t.is(c.xadd("s", "*", { a: 7 }, { idmpAuto: "p", noMkStream: true }), auto);
  await t.looks(c.xreadgroup("g", "bob", { s: ">" }, { count: 1 }), (all) => all !== null);
  await t.looks(c.xreadgroup("g", "eve", { s: ">" }, { claim: 0 }), (all) => {
    const [claimed, fresh] = all!.s!;
    return claimed!.id === "4-0" && claimed!.deliveries === 1 && claimed!.idle! >= 0 &&
      fresh!.id === "5-0" && fresh!.deliveries === 0 && fresh!.idle === 0;
  });
}
