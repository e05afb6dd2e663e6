/** Connections, server, ACL. @module */
import assert from "node:assert/strict";
import * as c from "../../src/commands/mod.ts";
import { type Context, plain } from "./suite.ts";

/** Tests the commands on connections. */
export async function connections(t: Context): Promise<void> {
  await t.is(c.ping(), "PONG");
  await t.is(c.ping("hello"), "hello");
  await t.is(c.echo("Hello World!"), "Hello World!");
  await t.is(c.clientGetname(), null);
  await t.is(c.clientSetname("me"), "OK");
  await t.is(c.clientGetname(), "me");
  if (t.has("CLIENT SETINFO")) await t.is(c.clientSetinfo("LIB-NAME", "keywire"), "OK");
  const id = await t.looks(c.clientId(), (n) => n > 0);
  const [me] = c.parseClientList(await t.run(c.clientInfo()));
  assert.equal(me!.id, String(id));
  assert.equal(me!.name, "me");
  const all = c.parseClientList(await t.run(c.clientList({ type: "normal" })));
  assert.ok(all.some((one) => one.id === String(id)));
  assert.equal(c.parseClientList(await t.run(c.clientList({ id: [id] }))).length, 1);
  await t.is(c.clientGetredir(), -1);
  await t.is(c.clientNoEvict("ON"), "OK");
  if (t.has("CLIENT NO-TOUCH")) await t.is(c.clientNoTouch("off"), "OK");
  await t.is(c.clientTrackinginfo(), { flags: ["off"], redirect: -1, prefixes: [] });
  if (t.speech.protocol === 3) {
    await t.is(c.clientTracking("ON", { bcast: true, prefix: ["a:", "b:"], noLoop: true }), "OK");
    await t.looks(c.clientTrackinginfo(), ({ prefixes }) => prefixes.length === 2);
    await t.is(c.clientTracking("OFF"), "OK");
    await t.is(c.clientTracking("ON", { optIn: true }), "OK");
    await t.is(c.clientCaching("YES"), "OK");
    await t.is(c.clientTracking("OFF"), "OK");
  }
  await t.is(c.clientReply("ON"), "OK");
  await t.is(c.clientPause(1, { write: true }), "OK");
  await t.is(c.clientUnpause(), "OK");
  await t.is(c.clientUnblock(id, { error: true }), 0);
  if (t.has("CLIENT CAPA")) await t.is(c.clientCapa("redirect"), "OK");
  if (t.has("CLIENT IMPORT-SOURCE")) await t.is(c.clientImportSource("OFF"), "OK");
  using other = await t.another();
  const victim = await other.run(c.clientId());
  await t.is(c.clientKill({ id: victim, skipMe: true }), 1);
  await t.refused(c.clientKill("127.0.0.1:1"), /No such client/);
  await t.looks(c.hello(), (hello) => hello.proto === t.speech.protocol && hello.mode === "standalone");
  await t.looks(
    c.hello(t.speech.protocol, { setname: "again" }),
    ({ server, role }) => server === t.server.name && role === "master",
  );
  await t.is(c.select(1), "OK");
  await t.is(c.select(0), "OK");
  await t.refused(c.auth("nobody", "wrong"), /WRONGPASS/);
  await t.refused(c.auth("wrong"), /AUTH/);
}

/** Ends of connections. */
export async function endings(t: Context): Promise<void> {
  using first = await t.another();
  await first.is(c.reset(), "RESET");
  using second = await t.another();
  await second.is(c.quit(), "OK");
  using third = await t.another();
  await third.is(c.monitor(), "OK");
}

/** Facts about the server. */
export async function facts(t: Context): Promise<void> {
  await t.is(c.set("k", "v"), "OK");
  const info = c.parseInfo(await t.run(c.info("server", "keyspace")));
  assert.equal(info.server!.tcp_port, String(t.server.port));
  assert.match(info.keyspace!.db0!, /^keys=1,/);
  await t.is(c.dbsize(), 1);
  await t.looks(c.time(), ([seconds, micros]) => Math.abs(seconds - Date.now() / 1000) < 60 && micros < 1e6);
  await t.is(c.role(), ["master", 0, []]);
  await t.looks(c.lolwut(), (text) => text.length > 0);
  await t.looks(c.lolwut(5, 10, 2, 2), (text) => text.length > 0);
  await t.looks(c.configGet("maxmemory", "port"), (got) => got.maxmemory === "0" && got.port !== undefined);
  await t.is(c.configResetstat(), "OK");
  if (t.server.pid > 0) await t.is(c.configRewrite(), "OK");
  else await t.refused(c.configRewrite(), /without a config file/);
  await t.looks(c.memoryUsage("k", { samples: 0 }), (size) => size! > 0);
  await t.is(c.memoryUsage("none"), null);
  await t.looks(
    c.memoryStats(),
    (stats) =>
      typeof stats["peak.percentage"] === "number" &&
      typeof (stats["db.0"] as Record<string, number>) === "object",
  );
  await t.looks(c.memoryDoctor(), (text) => text.length > 0);
  await t.looks(c.memoryMallocStats(), (text) => text.length > 0);
  await t.is(c.memoryPurge(), "OK");
  await t.looks(c.moduleList(), (list) => Array.isArray(list));
  await t.refused(c.moduleLoad("/nowhere.so", 1), /Error loading|not allowed/);
  await t.refused(
    c.moduleLoadex("/nowhere.so", { config: [["a", "b"]], args: ["x"] }),
    /Error loading|not allowed/,
  );
  await t.refused(c.moduleUnload("nothing"), /Error unloading|not allowed/);
  await t.is(c.debug("SLEEP", 0), "OK");
  await t.is(c.swapdb(0, 1), "OK");
  await t.is(c.flushdb({ async: true }), "OK");
  await t.is(c.flushall(), "OK");
}

/** Tests the server's logs. */
export async function logs(t: Context): Promise<void> {
  await t.is(c.configSet({ "slowlog-log-slower-than": 0, "latency-monitor-threshold": 1 }), "OK");
  await t.is(c.slowlogReset(), "OK");
  await t.is(c.set("logged", "v"), "OK");
  await t.looks(
    c.slowlogGet(10),
    (all) =>
      all.some(({ command, id, value }) => command.join(" ") === "SET logged v" && id >= 0 && value >= 0),
  );
  await t.looks(c.slowlogLen(), (n) => n > 0);
  if (t.has("COMMANDLOG GET")) {
    await t.looks(c.commandlogGet(1, "SLOW"), (all) => all.length === 1);
    await t.looks(c.commandlogLen("large-reply"), (n) => n >= 0);
    await t.is(c.commandlogReset("SLOW"), "OK");
  }
  if (t.has("HOTKEYS START")) {
    await t.is(c.hotkeysGet(), null);
    await t.is(c.hotkeysStart({ metrics: ["CPU", "NET"], count: 5, sample: 1 }), "OK");
    await t.run(c.set("hot", "v"));
    await t.looks(
      c.hotkeysGet(),
      (all) => all![0]!["tracking-active"] === 1 && all![0]!["by-net-bytes"]![0]![0] === "hot",
    );
    await t.is(c.hotkeysStop(), "OK");
    await t.is(c.hotkeysReset(), "OK");
    await t.looks(c.hotkeysHelp(), (lines) => lines.length > 0);
  }
  await t.is(c.configSet("slowlog-log-slower-than", 10_000), "OK");
  await t.is(c.debug("SLEEP", 0.005), "OK");
  await t.looks(c.latencyLatest(), ([one]) => one![0] === "command" && one![3] >= 5);
  await t.looks(c.latencyHistory("command"), ([one]) => one![1] >= 5);
  if (t.has("LATENCY GRAPH")) await t.looks(c.latencyGraph("command"), (text) => text.includes("command"));
  await t.looks(c.latencyDoctor(), (text) => text.length > 0);
  await t.looks(c.latencyReset(), (n) => n >= 1);
  await t.is(c.configSet("latency-monitor-threshold", 0), "OK");
  await t.looks(
    c.latencyHistogram("set"),
    ({ set }) => set!.calls > 0 && set!.histogram_usec[0]!.length === 2,
  );
}

/** Tests the server's descriptions of commands. */
export async function commands(t: Context): Promise<void> {
  await t.looks(c.commandCount(), (n) => n > 200);
  await t.looks(
    c.commandDocs("get", "config"),
    ({ get, config }) =>
      get!.group === "string" && get!.arguments![0]!.name === "key" &&
      (config!.subcommands!["config|get"]!.summary as string).length > 0,
  );
  await t.is(c.commandGetkeys("MSET", "a", 1, "b", 2), ["a", "b"]);
  await t.looks(
    c.commandGetkeysandflags("SET", "a", 1),
    ([one]) => one![0] === "a" && one![1].includes("OW"),
  );
  await t.looks(c.commandInfo("get", "nothing"), ([get, none]) => get![0] === "get" && none === null);
  const first = (index: number, one?: readonly unknown[]): void => {
    const [spec] = one!.at(8) as { begin_search: unknown; find_keys: { type: unknown } }[];
    assert.deepEqual(plain(spec!.begin_search), { type: "index", spec: { index } });
    assert.equal(plain(spec!.find_keys.type), "range");
  };
  const [object, get] = await t.run(c.commandInfo("object", "get"));
  first(1, get!);
  first(2, (object!.at(9) as unknown[][]).find((one) => (one[8] as unknown[]).length > 0));
  await t.looks(c.commandList(), (list) => list.length > 200);
  await t.is(c.commandList({ pattern: "xrev*" }), ["xrevrange"]);
}

/** Users. */
export async function acl(t: Context): Promise<void> {
  await t.is(c.aclSetuser("bob", "on", ">secret", "~k*", "+get", "(+set ~s*)"), "OK");
  await t.looks(
    c.aclGetuser("bob"),
    (user) =>
      (user!.flags as string[]).includes("on") &&
      ((user!.selectors as { keys: string }[])[0]!.keys) === "~s*",
  );
  await t.is(c.aclGetuser("nobody"), null);
  await t.is(c.aclUsers(), ["bob", "default"]);
  await t.looks(c.aclList(), (list) => list.length === 2);
  await t.is(c.aclWhoami(), "default");
  await t.is(c.aclDryrun("bob", "GET", "k1"), "OK");
  await t.looks(c.aclDryrun("bob", "SET", "k1", "v"), (why) => why !== "OK");
  await t.looks(c.aclCat(), (list) => list.includes("keyspace"));
  await t.looks(c.aclCat("scripting"), (list) => list.includes("eval"));
  await t.looks(c.aclGenpass(), (pass) => pass.length === 64);
  await t.looks(c.aclGenpass(8), (pass) => pass.length === 2);
  await t.refused(c.auth("bob", "wrong"), /WRONGPASS/);
  await t.looks(
    c.aclLog(1),
    ([entry]) => entry!.reason === "auth" && typeof entry!["age-seconds"] === "number",
  );
  await t.is(c.aclLog("RESET"), "OK");
  await t.is(c.aclLog(), []);
  await t.is(c.aclDeluser("bob", "nobody"), 1);
  await t.refused(c.aclLoad(), /not configured to use an ACL file/);
  await t.refused(c.aclSave(), /not configured to use an ACL file/);
}

/** HELP of all that have it. */
export async function help(t: Context): Promise<void> {
  for (const [name, make] of Object.entries(c) as [string, () => c.Command<string[]>][]) {
    if (!name.endsWith("Help")) continue;
    // Only a node of a cluster has CLUSTER HELP, only a sentinel SENTINEL HELP.
    if (/^(cluster|sentinel)/.test(name)) continue;
    const command = make();
    if (t.has(command.spec.name)) {
      await t.looks(command, (lines) => lines[0]!.startsWith(command.spec.name.split(" ")[0]!));
    }
  }
}
