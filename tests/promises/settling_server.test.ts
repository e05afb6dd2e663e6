/**
 * The same mixed load against a real server, cut at sampled bytes by a proxy: its counters show which
 * commands ran.
 *
 * @module
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { type FaultProxy, startProxy } from "../harness/fault_proxy.ts";
import { type RawClient, rawClient } from "../harness/raw_client.ts";
import { type Server, startServer } from "../harness/server.ts";
import { checkActions, mixedLoad } from "./load.ts";

let server: Server;
let proxy: FaultProxy;
let raw: RawClient;
before(async () => {
  server = await startServer();
  proxy = await startProxy(server);
  raw = await rawClient(server);
});
after(async () => {
  await raw.close();
  await proxy.stop();
  await server.stop();
});

describe("the link to a real server is cut at sampled bytes", () => {
  for (const protocol of [3, 2] as const) {
    for (const way of ["toServer", "toClient"] as const) {
      it(`RESP${protocol}, ${way}`, { timeout: 60_000 }, async () => {
        for (let at = 0; at < 700; at += 41) {
          await raw.call("FLUSHALL");
          let first = true;
          const cut = (connection: FaultProxy["last"]): void => {
            if (first) connection.cutAfter({ [way]: at, how: at % 2 === 0 ? "fin" : "reset" });
            first = false;
          };
          proxy.on("connection", cut);
          const redis = new Redis(proxy.url, { protocol, commandTimeout: 2_000, healthCheckInterval: 0 });
          const actions = mixedLoad(redis, 0.01);
          await Promise.all(actions.map(({ follower }) => follower.settled));
          proxy.off("connection", cut);
          await checkActions(
            actions,
            async (key) => Number(await raw.call("GET", key) ?? 0),
            `${way} ${at}`,
          );
          await redis.close();
          const { created, connecting } = redis.pool.stats();
          assert.deepEqual({ created, connecting }, { created: 0, connecting: 0 });
        }
      });
    }
  }
});
