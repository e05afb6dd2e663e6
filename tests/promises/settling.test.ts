/**
 * Every promise settles, once, and what it says of execution is true: the link is cut at every byte of a conversation.
 *
 * @module
 */
import { describe, it } from "node:test";
import { isDealt } from "../harness/share.ts";
import type { CutOptions } from "../harness/scripted_peer.ts";
import type { ConnectionPoolBase } from "../../base.ts";
import type { RedisOptions } from "../../mod.ts";
import { checkActions, mixedLoad } from "./load.ts";
import { closeClean, reader, settleAll, type Stage, stage } from "./support.ts";

const TIMES: RedisOptions<ConnectionPoolBase> = {
  commandTimeout: 2_000,
  connectTimeout: 1_000,
  healthCheckInterval: 0,
};

/** One run of the load over connections of which the first is cut. */
async function run(
  options: RedisOptions<ConnectionPoolBase>,
  cut: CutOptions,
  which: number,
): Promise<Stage> {
  const set = stage({ ...TIMES, ...options });
  set.peer.onConnection = (connection) => {
    if (connection.id === which) connection.cutAfter(cut);
  };
  const actions = mixedLoad(set.redis);
  await settleAll(set.clock, actions.map(({ follower }) => follower));
  await checkActions(actions, reader(set), `cut ${JSON.stringify(cut)} on connection ${which}`);
  await closeClean(set);
  return set;
}

/** Returns the number of bytes that each direction of a connection carries without a cut. */
async function lengths(
  options: RedisOptions<ConnectionPoolBase>,
): Promise<{ toPeer: number; toClient: number }[]> {
  const { peer } = await run(options, {}, 0);
  return peer.connections.map(({ bytesReceived, bytesSent }) => ({
    toPeer: bytesReceived,
    toClient: bytesSent,
  }));
}

for (const protocol of [3, 2] as const) {
  for (const how of ["close", "reset", "vanish"] as const) {
    describe(`the link is cut at every byte: RESP${protocol}, ${how}`, () => {
      for (const way of ["toPeer", "toClient"] as const) {
        it(way, async () => {
          const all = await lengths({ protocol });
          // Every byte where the conversation is the richest; elsewhere a prime number apart.
          const step = protocol === 3 && how === "close" ? 1 : 7;
          let count = 0;
          for (const [index, length] of all.entries()) {
            for (let at = 0; at <= length[way]; at += step) {
              if (isDealt(count++)) await run({ protocol }, { [way]: at, how }, index + 1);
            }
          }
        });
      }
    });
  }
}
