/** A slot moves while SUNSUBSCRIBE is on its way: later commands still get their own replies. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Connection, Redis } from "../../mod.ts";
import { ErrorReply, Push, type Wire } from "../harness/resp.ts";
import { Many, ScriptedPeer } from "../harness/scripted_peer.ts";

const MOVED = new ErrorReply("MOVED 13271 127.0.0.1:7001");
const OWN_MOVED = new ErrorReply("MOVED 1 127.0.0.1:7002");

const frames = (channels: readonly string[]): Push[] =>
  channels.map((channel, at) => new Push(["sunsubscribe", channel, channels.length - at - 1]));

/** The frames that the server sends in place of one reply to SUNSUBSCRIBE, by the event. */
function histories(channels: readonly string[]): Record<string, { before: Wire[]; instead: Wire[] }> {
  const reversed = frames(channels.toReversed());
  const own = frames(channels);
  return {
    "the slot stays": { before: [], instead: own },
    "the slot has moved before an earlier reply": { before: own, instead: [MOVED] },
    "the slot moves": { before: [], instead: [...own, MOVED] },
    "the slot moves, and channels end in another order": { before: [], instead: [...reversed, MOVED] },
    "the slot moves away and back": { before: [], instead: [...own, ...own] },
    "the slot moves, and nobody has it": {
      before: [],
      instead: [...own, new ErrorReply("CLUSTERDOWN Hash slot not served")],
    },
  };
}

for (const protocol of [2, 3] as const) {
  describe(`a slot that moves while SUNSUBSCRIBE is on its way, over RESP${protocol}`, () => {
    for (const channels of [["ch"], ["ch1{ch}", "ch2{ch}"]]) {
      for (const [what, { before, instead }] of Object.entries(histories(channels))) {
        it(`${channels.length} channels: ${what}`, async () => {
          const peer = new ScriptedPeer({
            script: ([name, key], connection) => {
              if (name === "SUNSUBSCRIBE") return new Many(instead);
              if (name === "ECHO" && key === "before") return new Many([...before, key]);
              if (name !== "ECHO") return connection.serve();
              return key === "elsewhere" ? OWN_MOVED : key;
            },
          });
          const connection = new Connection({
            ...{ host: "node", port: 7000, protocol, transport: peer.transport(), healthCheckInterval: 0 },
          });
          await connection.connect();
          await connection.send(["SSUBSCRIBE", ...channels]);
          const settle = (words: readonly string[]): Promise<unknown> =>
            connection.send(words).catch((error: Error) => error.message.split(" ", 2).join(" "));
          const first = settle(["ECHO", "before"]);
          const left = settle(["SUNSUBSCRIBE", ...channels]);
          const later = ["elsewhere", "a", "b"].map((word) => settle(["ECHO", word]));
          assert.equal(await first, "before");
          assert.deepEqual(await Promise.all(later), ["MOVED 1", "a", "b"]);
          await left;
          assert.equal(await settle(["ECHO", "last"]), "last");
          assert.equal(connection.state, "ready");
          await connection.close();
        });
      }
    }
  });
}

describe("a sharded channel of another server, for a client that follows no slots", () => {
  for (const protocol of [2, 3] as const) {
    for (const multiplex of [true, false]) {
      it(`is refused at once, over RESP${protocol}${multiplex ? "" : ", without multiplexing"}`, async () => {
        const peer = new ScriptedPeer({
          script: ([name, channel], connection) =>
            name === "SSUBSCRIBE" && channel === "away" ? MOVED : connection.serve(),
        });
        const transport = peer.transport();
        await using redis = new Redis({ host: "node", port: 7000, protocol, multiplex, transport });
        const refused = { code: "MOVED", executed: "no", message: /use RedisCluster/ };
        await assert.rejects(redis.ssubscribe("away", () => {}), refused);
        await assert.rejects(redis.subscription("away", { sharded: true }).next(), refused);
        await redis.ssubscribe("here", () => {});
        assert.equal(redis.subscriptionCounts().shards, 1);
      });
    }
  }

  it("ends the subscription when its slot moves", async () => {
    let moved = false;
    const peer = new ScriptedPeer({
      script: ([name], connection) => name === "SSUBSCRIBE" && moved ? MOVED : connection.serve(),
    });
    const transport = peer.transport();
    await using redis = new Redis({ host: "node", port: 7000, protocol: 3, transport });
    const subscription = redis.subscription("ch", { sharded: true });
    await subscription.ready;
    const next = assert.rejects(async () => {
      // The gap is reported first.
      for await (const _ of subscription);
    }, { code: "MOVED", message: /use RedisCluster/ });
    moved = true;
    for (const connection of peer.connections) connection.send(new Push(["sunsubscribe", "ch", 0]));
    await next;
    assert.equal(redis.subscriptionCounts().shards, 0);
  });
});
