/** The readers of INFO, CLIENT LIST and CLUSTER NODES. @module */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseClientList, parseClusterNodes, parseInfo } from "../../src/commands/mod.ts";

describe("texts of the server", () => {
  it("INFO, by section", () => {
    const info = parseInfo(
      "# Server\r\nredis_version:8.0.6\r\nexecutable:C:\\a:b\r\n\r\n# Keyspace\r\ndb0:keys=1,expires=0\r\n",
    );
    assert.equal(info.server!.executable, "C:\\a:b");
    assert.equal(info.keyspace!.db0, "keys=1,expires=0");
    assert.equal(Object.getPrototypeOf(info), Object.prototype);
    const strange = parseInfo("# constructor\r\n__proto__:x\r\n").constructor!;
    assert.deepEqual(Object.entries(strange), [["__proto__", "x"]]);
  });

  it("CLIENT LIST, from bytes too", () => {
    const text = "id=3 addr=127.0.0.1:5 name= cmd=client|list user=default lib-name=a=b\nid=4 addr=[::1]:6\n";
    const [first, second] = parseClientList(new TextEncoder().encode(text));
    assert.deepEqual({ ...first }, {
      id: "3",
      addr: "127.0.0.1:5",
      name: "",
      cmd: "client|list",
      user: "default",
      "lib-name": "a=b",
    });
    assert.equal(second!.addr, "[::1]:6");
  });

  it("CLUSTER NODES: names, ranges, slots that move", () => {
    const [node, other] = parseClusterNodes(
      "07c3 127.0.0.1:30004@31004,host4,shard-id=x slave e7d1 0 1426238317239 4 connected\n" +
        "e7d1 ::1:30001@31001 myself,master - 0 0 1 disconnected 0-5460 5462 [93->-292f] [77-<-e7d1]\n",
    );
    assert.deepEqual(node, {
      id: "07c3",
      host: "127.0.0.1",
      port: 30004,
      busPort: 31004,
      hostname: "host4",
      flags: ["slave"],
      master: "e7d1",
      pingSent: 0,
      pongReceived: 1426238317239,
      epoch: 4,
      connected: true,
      slots: [],
      moving: [],
    });
    assert.equal(other!.host, "::1");
    assert.equal(other!.connected, false);
    assert.deepEqual(other!.slots, [[0, 5460], [5462, 5462]]);
    assert.deepEqual(other!.moving, [
      { slot: 93, state: "migrating", node: "292f" },
      { slot: 77, state: "importing", node: "e7d1" },
    ]);
  });
});
