/** Scripts, functions, publishing. @module */
import * as c from "../../src/commands/mod.ts";
import assert from "node:assert/strict";
import type { Context } from "./suite.ts";

/** EVAL and its kin. */
export async function scripts(t: Context): Promise<void> {
  await t.is(c.eval_("return {KEYS[1], KEYS[2], ARGV[1], 7}", ["key1", "key2"], ["first"]), [
    "key1",
    "key2",
    "first",
    7,
  ]);
  await t.is(c.eval_<string>("return 'x'"), "x");
  await t.is(c.eval_ro("return #KEYS", ["k"]), 1);
  const sha = String(await t.looks(c.scriptLoad("return ARGV[1]"), (reply) => reply.length === 40));
  await t.is(c.evalsha(sha, [], ["hi"]), "hi");
  await t.is(c.evalsha_ro(sha, [], [5]), "5");
  await t.is(c.scriptExists(sha, "0".repeat(40)), [1, 0]);
  if (t.has("SCRIPT SHOW")) await t.is(c.scriptShow(sha), "return ARGV[1]");
  await t.is(c.scriptFlush({ sync: true }), "OK");
  await t.refused(c.evalsha(sha), /NOSCRIPT/);
  await t.refused(c.scriptKill(), /NOTBUSY/);
  await t.is(c.scriptDebug("NO"), "OK");
}

const LIBRARY = `#!lua name=lib
redis.register_function{ function_name = "echo", callback = function(k, a) return a[1] end, flags = { "no-writes" } }`;

/** FUNCTION and FCALL. */
export async function functions(t: Context): Promise<void> {
  await t.is(c.functionFlush(), "OK");
  await t.is(c.functionLoad(LIBRARY), "lib");
  await t.is(c.functionLoad(LIBRARY, { replace: true }), "lib");
  await t.is(c.fcall("echo", [], ["x"]), "x");
  await t.is(c.fcall_ro("echo", ["k"], [1]), "1");
  await t.is(c.functionList({ libraryName: "l*" }), [{
    library_name: "lib",
    engine: "LUA",
    functions: [{ name: "echo", description: null, flags: ["no-writes"] }],
  }]);
  await t.looks(c.functionList({ withCode: true }), ([one]) => one!.library_code === LIBRARY);
  await t.looks(
    c.functionStats(),
    (stats) => stats.running_script === null && "LUA" in (stats.engines as object),
  );
  const dumped = await t.run(c.functionDump());
  assert.ok(dumped instanceof Uint8Array);
  await t.is(c.functionDelete("lib"), "OK");
  await t.is(c.functionRestore(dumped, { append: true }), "OK");
  await t.is(c.functionRestore(dumped, { replace: true }), "OK");
  await t.is(c.functionFlush({ async: true }), "OK");
  await t.refused(c.functionKill(), /NOTBUSY/);
}

/** PUBLISH, PUBSUB. Subscriptions are pushes: they belong to the client. */
export async function publishing(t: Context): Promise<void> {
  await t.is(c.publish("news", "hello"), 0);
  await t.is(c.spublish("news", "hello"), 0);
  await t.is(c.pubsubChannels(), []);
  await t.is(c.pubsubChannels("n*"), []);
  await t.is(c.pubsubNumpat(), 0);
  await t.is(c.pubsubNumsub("news", "sport"), { news: 0, sport: 0 });
  await t.is(c.pubsubNumsub(), {});
  await t.is(c.pubsubShardchannels(), []);
  await t.is(c.pubsubShardnumsub("news"), { news: 0 });
}

/** MULTI, EXEC and WATCH on a connection of its own. */
export async function transactions(t: Context): Promise<void> {
  await t.is(c.watch("a", "b"), "OK");
  await t.is(c.unwatch(), "OK");
  await t.is(c.multi(), "OK");
  await t.is(c.discard(), "OK");
  await t.is(c.multi(), "OK");
  await t.is(c.exec(), []);
  await t.is(c.watch(["a"]), "OK");
  {
    using other = await t.another();
    await other.is(c.set("a", 1), "OK");
  }
  await t.is(c.multi(), "OK");
  await t.is(c.exec(), null);
}
