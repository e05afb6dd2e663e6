/** Commands that change a server permanently, on dedicated servers; sentinels. @module */
import * as c from "../../src/commands/mod.ts";
import { startServer } from "../harness/server.ts";
import { SocketExecutor, type Speech } from "./executor.ts";
import { Context } from "./suite.ts";

/** Saving, replication, the end. */
export async function administration(
  binary: string | undefined,
  speech: Speech,
  names: ReadonlySet<string>,
  covered: Set<string>,
): Promise<void> {
  await using server = await startServer({ binary });
  const executor = await SocketExecutor.open(server.port, speech);
  const t = new Context(server, speech, executor, names, covered);
  try {
    await t.is(c.save(), "OK");
    await t.looks(c.lastsave(), (time) => Math.abs(time - Date.now() / 1000) < 60);
    await t.looks(c.bgsave({ schedule: true }), (text) => text.startsWith("Background saving"));
    await t.looks(c.bgrewriteaof(), (text) => text.startsWith("Background append only file rewriting"));
    await t.refused(c.failover({ abort: true }), /No failover in progress/);
    await t.refused(c.failover({ to: { host: "h", port: 1 }, force: true, timeout: 5 }), /replica/i);
    await t.is(c.replicaof("127.0.0.1", 1), "OK");
    await t.looks(c.role(), ([role]) => role === "slave");
    await t.is(c.slaveof("NO", "ONE"), "OK");
    await t.refused(c.shutdown({ abort: true }), /No shutdown in progress/);
    await t.refused(c.shutdown({ noSave: true, now: true, force: true }), /closed the connection|ECONNRESET/);
  } finally {
    executor.close();
  }
}

/** All of SENTINEL. */
export async function sentinels(
  binary: string | undefined,
  speech: Speech,
  covered: Set<string>,
): Promise<void> {
  await using master = await startServer({ binary });
  await using server = await startServer({
    binary,
    sentinel: true,
    config: [`sentinel monitor main 127.0.0.1 ${master.port} 1`],
  });
  const executor = await SocketExecutor.open(server.port, speech);
  const t = new Context(server, speech, executor, new Set(), covered);
  try {
    await t.is(c.sentinelGetMasterAddrByName("main"), ["127.0.0.1", String(master.port)]);
    await t.is(c.sentinelGetMasterAddrByName("none"), null);
    await t.looks(c.sentinelMaster("main"), ({ name, quorum }) => name === "main" && quorum === "1");
    await t.looks(c.sentinelMasters(), ([one]) => one!.name === "main");
    await t.is(c.sentinelReplicas("main"), []);
    await t.is(c.sentinelSlaves("main"), []);
    await t.is(c.sentinelSentinels("main"), []);
    await t.looks(c.sentinelMyid(), (id) => id.length === 40);
    await t.looks(c.sentinelCkquorum("main"), (text) => text.startsWith("OK 1 usable"));
    await t.is(c.sentinelFlushconfig(), "OK");
    await t.looks(c.sentinelInfoCache("main"), (reply) => Array.isArray(reply));
    await t.is(c.sentinelPendingScripts(), []);
    await t.is(c.sentinelIsMasterDownByAddr("127.0.0.1", master.port, 0, "*"), [0, "*", 0]);
    await t.is(c.sentinelSet("main", { quorum: 2, "down-after-milliseconds": 5000 }), "OK");
    await t.looks(
      c.sentinelConfig("GET", "announce-port"),
      (got) => (got as Record<string, string>)["announce-port"] === "0",
    );
    await t.is(c.sentinelConfig("SET", "resolve-hostnames", "no"), "OK");
    await t.looks(c.sentinelDebug(), (reply) => reply !== null);
    await t.refused(c.sentinelFailover("none"), /No such master/);
    await t.looks(c.sentinelSimulateFailure("help"), (reply) => Array.isArray(reply));
    await t.is(c.sentinelReset("no*"), 0);
    await t.is(c.sentinelMonitor("second", "127.0.0.1", master.port, 1), "OK");
    await t.is(c.sentinelRemove("second"), "OK");
    await t.looks(c.sentinelHelp(), (lines) => lines.length > 0);
  } finally {
    executor.close();
  }
}
