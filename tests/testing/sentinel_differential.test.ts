import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { TestSentinels } from "../../testing.ts";
import { rawClient } from "../harness/raw_client.ts";
import { type Replicated, startReplicated } from "../harness/replicated.ts";
import { ask, lines } from "./comparable.ts";

describe("TestSentinels and real sentinels", () => {
  let replicated: Replicated;
  let mine: TestSentinels;
  let seven = false;

  before(async () => {
    replicated = await startReplicated();
    seven = /redis_version:7\.0\./.test(String(await replicated.master.cli("INFO", "server")));
    mine = new TestSentinels({ replicas: 1 });
    await mine.listen();
  });

  after(async () => {
    await mine.close();
    await replicated.stop();
  });

  it("reply alike, but for times and identities", async (t) => {
    if (!seven) return t.skip("the installed server is not 7.0");
    const sides = await Promise.all(
      [replicated.sentinels[0]!.port, mine.sentinels[0]!.port].map((port) => rawClient({ port })),
    );
    const fieldsOf = (reply: unknown): unknown[] => {
      const words = reply as string[];
      const kept = new Set([
        "flags",
        "num-slaves",
        "num-other-sentinels",
        "quorum",
        "role-reported",
        "master-link-status",
      ]);
      return words.map((word, at) =>
        at % 2 === 0 || kept.has(words[at - 1]!) ? word.replace("sentinel,disconnected", "sentinel") : "*"
      );
    };
    const shown = await Promise.all(sides.map(async (client) => ({
      master: fieldsOf(await client.call("SENTINEL", "MASTER", "mymaster")),
      masters: (await client.call("SENTINEL", "MASTERS") as unknown[]).map(fieldsOf),
      replicas: (await client.call("SENTINEL", "REPLICAS", "mymaster") as unknown[]).map(fieldsOf),
      sentinels: (await client.call("SENTINEL", "SENTINELS", "mymaster") as unknown[]).map(fieldsOf),
      address: (await client.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster") as unknown[]).map((
        one,
      ) => typeof one),
      info: lines(await client.call("INFO", "sentinel")).map((line) => line.replace(/address=[^,]*/, "")),
      hello: (await client.call("HELLO", "3") as { mode?: string }).mode,
    })));
    assert.deepEqual(shown[1], shown[0]);
    const differences: unknown[] = [];
    for (
      const command of [
        "GET k",
        "SENTINEL",
        "SENTINEL FOO",
        "SENTINEL MASTER nope",
        "SENTINEL REPLICAS nope",
        "SENTINEL SENTINELS nope",
        "SENTINEL GET-MASTER-ADDR-BY-NAME nope",
        "SENTINEL CKQUORUM nope",
        "SENTINEL CKQUORUM mymaster",
        "SENTINEL SET mymaster foo 1",
        "SENTINEL SET nope quorum 1",
        "SENTINEL FAILOVER nope",
        "SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 1 0 *",
        "PUBLISH a b",
        "ROLE",
        "PING",
      ]
    ) {
      const [real, own] = await Promise.all(sides.map((client) => ask(client, [], command.split(" "))));
      if (!isDeepStrictEqual(own, real)) differences.push({ command, own, real });
    }
    assert.deepEqual(differences, []);
    for (const client of sides) client.close();
  });

  it("are configured, and monitor a master or not, alike", async (t) => {
    if (!seven) return t.skip("the installed server is not 7.0");
    const sides = await Promise.all(
      [[replicated.sentinels[1]!, replicated.master], [mine.sentinels[1]!, mine.master]].map(
        async ([sentinel, master]) => ({
          client: await rawClient({ port: sentinel!.port }),
          port: master!.port,
          names: [[String(master!.port), "PORT"]] as const,
        }),
      ),
    );
    const differences: unknown[] = [];
    for (
      const command of [
        "SENTINEL SET mymaster quorum 0",
        "SENTINEL SET mymaster quorum x",
        "SENTINEL SET mymaster quorum 3 down-after-milliseconds",
        "SENTINEL SET mymaster quorum 2 down-after-milliseconds 700",
        "SENTINEL SET mymaster failover-timeout 5000",
        "SENTINEL SET mymaster failover-timeout -1",
        "SENTINEL SET mymaster parallel-syncs 0",
        "SENTINEL SET mymaster parallel-syncs 2",
        "SENTINEL SET mymaster auth-pass secret",
        "SENTINEL SET mymaster auth-pass",
        "SENTINEL SET mymaster rename-command a b",
        "SENTINEL SET mymaster rename-command a",
        "SENTINEL SET mymaster client-reconfig-script /x",
        "SENTINEL SET mymaster master-reboot-down-after-period -1",
        "SENTINEL SET mymaster master-reboot-down-after-period 0",
        "SENTINEL SET nope quorum 1",
        "SENTINEL CONFIG GET *",
        "SENTINEL CONFIG GET *-hostnames",
        "SENTINEL CONFIG SET announce-hostnames yes",
        "SENTINEL CONFIG SET announce-hostnames x",
        "SENTINEL CONFIG SET nope x",
        "SENTINEL CONFIG SET nope",
        "SENTINEL CONFIG DEL nope",
        "SENTINEL CONFIG GET announce-hostnames",
        "SENTINEL MONITOR mymaster 127.0.0.1 # 2",
        "SENTINEL MONITOR mymaster 127.0.0.1 # 0",
        "SENTINEL MONITOR mymaster 127.0.0.1 # x",
        "SENTINEL MONITOR mymaster 127.0.0.1 x 1",
        "SENTINEL MONITOR mymaster 127.0.0.1 99999 1",
        "SENTINEL MONITOR mymaster nohost 1 1",
        "SENTINEL MONITOR mymaster",
        "SENTINEL RESET nope",
        "SENTINEL RESET my?aste[r]",
        "SENTINEL REMOVE nope",
        "SENTINEL REMOVE mymaster",
        "SENTINEL REMOVE mymaster",
        "SENTINEL MASTER mymaster",
        "SENTINEL MASTERS",
        "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster",
        "SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 # 0 *",
        "SENTINEL CKQUORUM mymaster",
        "SENTINEL FAILOVER mymaster",
        "SENTINEL RESET *",
        "INFO sentinel",
        "ROLE",
        "SENTINEL MONITOR mymaster 127.0.0.1 # 2",
        "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster",
        "ROLE",
      ]
    ) {
      const [real, own] = await Promise.all(
        sides.map(({ client, port, names }) =>
          ask(client, names, command.split(" ").map((word) => word === "#" ? String(port) : word))
        ),
      );
      if (!isDeepStrictEqual(own, real)) differences.push({ command, own, real });
    }
    assert.deepEqual(differences, []);
    const kept = ["quorum", "down-after-milliseconds", "failover-timeout", "parallel-syncs", "config-epoch"];
    const [real, own] = await Promise.all(sides.map(async ({ client }) => {
      const words = await client.call("SENTINEL", "MASTER", "mymaster") as string[];
      return kept.map((name) => words[words.indexOf(name) + 1]);
    }));
    assert.deepEqual(own, real);
    for (const { client } of sides) client.close();
  });

  it("let masters and replicas describe the replication alike", async (t) => {
    if (!seven) return t.skip("the installed server is not 7.0");
    const pairs = [
      [replicated.master.port, mine.master.port],
      [replicated.replicas[0]!.port, mine.replicas[0]!.port],
    ] as const;
    for (const ports of pairs) {
      const [real, own] = await Promise.all(ports.map(async (port) => {
        const client = await rawClient({ port });
        const role = await client.call("ROLE") as unknown[];
        const info = lines(await client.call("INFO", "replication")).map((line) => line.split(":")[0]);
        const refused = await ask(client, [], ["REPLICAOF", "127.0.0.1", "x"]);
        client.close();
        return {
          role: role.map((one) => Array.isArray(one) ? one.map((row) => row.length) : typeof one),
          info,
          refused,
        };
      }));
      assert.deepEqual(own, real);
    }
  });
});
