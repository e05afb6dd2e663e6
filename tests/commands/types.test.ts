/**
 * The types of replies and arguments: checked by `deno check`, with the methods at work in both of their modes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CommandMethods } from "../../src/commands/methods.ts";
import type { Command, StreamEntry } from "../../src/commands/mod.ts";
import * as c from "../../src/commands/mod.ts";
import type { BytesPromise, Out, TextPromise, Wrap } from "../../src/commands/wrap.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;

/** Does nothing: its argument is the proof. */
function proves<T extends true>(..._: T[]): void {}

/** A client whose replies are the commands themselves: it shows what a method executes. */
class Client<W extends Wrap> extends CommandMethods<W> {
  readonly executed: Command[] = [];
  override execute<T, B>(command: Command<T, B>): Out<W, T, B> {
    this.executed.push(command);
    return Promise.resolve(null) as Out<W, T, B>;
  }
}

interface Piped<R extends readonly unknown[]> extends Wrap {
  readonly out: Pipeline<[...R, this["text"]]>;
}

class Pipeline<R extends readonly unknown[]> extends CommandMethods<Piped<R>> {
  readonly commands: Command[] = [];
  override execute<T, B>(command: Command<T, B>): Out<Piped<R>, T, B> {
    this.commands.push(command);
    return this as unknown as Out<Piped<R>, T, B>;
  }
  exec(): R {
    return this.commands.map(({ spec }) => spec.name) as unknown as R;
  }
}

describe("types", () => {
  it("of a client of text", () => {
    const text = new Client<TextPromise>();
    const got = text.get("k");
    const all = text.hgetall("h");
    const scores = text.zrange("z", 0, 1, { withScores: true });
    const members = text.zrange("z", 0, 1, { rev: true });
    const old = text.set("k", "v", { get: true, ex: 5 });
    const ok = text.set("k", "v", { ex: 5 });
    const perhaps = text.set("k", "v", { nx: true, ex: 5 });
    const equal = text.set("k", "v", { ifeq: "w" });
    const { options } = { options: {} as c.SetOptions & { get?: false } };
    const any = text.set("k", "v", options);
    const entries = text.xrange("s", "-", "+");
    const streams = text.xread({ s: 0 });
    const popped = text.lpop("l");
    const several = text.lpop("l", 2);
    const count = text.del("a", "b");
    const evaluated = text.eval<number>("return 1");
    proves<
      | Equal<typeof got, Promise<string | null>>
      | Equal<typeof all, Promise<Record<string, string>>>
      | Equal<typeof scores, Promise<[string, number][]>>
      | Equal<typeof members, Promise<string[]>>
      | Equal<typeof old, Promise<string | null>>
      | Equal<typeof ok, Promise<"OK">>
      | Equal<typeof perhaps, Promise<"OK" | null>>
      | Equal<typeof equal, Promise<"OK" | null>>
      | Equal<typeof any, Promise<"OK" | null>>
      | Equal<typeof entries, Promise<StreamEntry<Record<string, string>>[]>>
      | Equal<typeof streams, Promise<Record<string, StreamEntry<Record<string, string>>[]> | null>>
      | Equal<typeof popped, Promise<string | null>>
      | Equal<typeof several, Promise<string[] | null>>
      | Equal<typeof count, Promise<number>>
      | Equal<typeof evaluated, Promise<number>>
    >();
    assert.deepEqual(text.executed.map(({ spec, args }) => [spec.name, ...args].join(" ")), [
      "GET k",
      "HGETALL h",
      "ZRANGE z 0 1 WITHSCORES",
      "ZRANGE z 0 1 REV",
      "SET k v GET EX 5",
      "SET k v EX 5",
      "SET k v NX EX 5",
      "SET k v IFEQ w",
      "SET k v",
      "XRANGE s - +",
      "XREAD STREAMS s 0",
      "LPOP l",
      "LPOP l 2",
      "DEL a b",
      "EVAL return 1 0",
    ]);
  });

  it("of a client of bytes", () => {
    const client = new Client<BytesPromise>();
    const got = client.get("k");
    const all = client.hgetall("h");
    const scores = client.zrange("z", 0, 1, { withScores: true });
    const dumped = client.dump("k");
    const kind = client.type("k");
    proves<
      | Equal<typeof got, Promise<Uint8Array | null>>
      | Equal<typeof all, Promise<Map<Uint8Array, Uint8Array>>>
      | Equal<typeof scores, Promise<[Uint8Array, number][]>>
      | Equal<typeof dumped, Promise<Uint8Array | null>>
      | Equal<typeof kind, Promise<string>>
    >();
    assert.equal(client.executed.length, 5);
  });

  it("of a pipeline: a tuple that grows", () => {
    const replies = new Pipeline<[]>().set("n", 1).incr("n").lrange("l", 0, -1).zpopmin("z").exec();
    proves<Equal<typeof replies, ["OK", number, string[], [string, number][]]>>();
    assert.deepEqual(replies as unknown, ["SET", "INCR", "LRANGE", "ZPOPMIN"]);
  });

  it("of arguments that exclude each other", () => {
    // @ts-expect-error nx and xx
    assert.throws(() => c.set("k", "v", { nx: true, xx: true }), /nx and xx exclude each other/);
    // @ts-expect-error ex and keepTtl
    assert.throws(() => c.set("k", "v", { ex: 1, keepTtl: true }), /ex and keepTtl exclude each other/);
    // @ts-expect-error gt and lt
    assert.throws(() => c.zadd("z", 1, "m", { gt: true, lt: true }), /gt and lt exclude each other/);
    // @ts-expect-error nx and gt, although xx and gt go together
    assert.throws(() => c.zadd("z", 1, "m", { nx: true, gt: true }), /nx and gt exclude each other/);
    assert.deepEqual(c.zadd("z", 1, "m", { xx: true, gt: true }).args, ["z", "XX", "GT", 1, "m"]);
    // @ts-expect-error len and idx
    assert.throws(() => c.lcs("a", "b", { len: true, idx: true }), /len and idx exclude each other/);
    const byRadius = { radius: 1, unit: "km" } as const;
    // @ts-expect-error around what?
    assert.throws(() => c.geosearch("g", { byRadius }), /one of fromMember and fromLonLat/);
    // @ts-expect-error two centres
    const centres = () => c.geosearch("g", { fromMember: "m", fromLonLat: [1, 2], byRadius });
    assert.throws(centres, /fromMember and fromLonLat exclude each other/);
    const byPolygon = [[1, 2], [3, 4], [5, 6]] as const;
    // @ts-expect-error a polygon has no centre
    const polygon = () => c.geosearch("g", { fromMember: "m", byPolygon });
    assert.throws(polygon, /byPolygon and fromMember exclude each other/);
    // @ts-expect-error byScore and byLex
    const range = () => c.zrange("z", 0, 1, { byScore: true, byLex: true });
    assert.throws(range, /byScore and byLex exclude each other/);
    // @ts-expect-error maxlen and minid
    assert.throws(() => c.xtrim("s", { maxlen: 1, minid: 1 }), /maxlen and minid exclude each other/);
    // @ts-expect-error asc and desc
    assert.throws(() => c.sort("l", { asc: true, desc: true }), /asc and desc exclude each other/);
    // @ts-expect-error no such option
    assert.throws(() => c.set("k", "v", { expire: 1 }), /no option expire/);
    // @ts-expect-error neither LEFT nor RIGHT, which only the server can refuse
    assert.equal(c.lmove("a", "b", "UP", "DOWN").args.length, 4);
  });

  it("has no method for what changes the state of the connection", () => {
    for (
      const name of [
        "multi",
        "exec",
        "watch",
        "select",
        "subscribe",
        "reset",
        "quit",
        "auth",
        "hello",
        "monitor",
      ]
    ) {
      assert.equal(name in CommandMethods.prototype, false, name);
      assert.equal(name in c, true, name);
    }
  });
});
