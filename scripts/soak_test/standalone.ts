/**
 * One server, behind one proxy.
 *
 * @module
 */
import { BlockingConnectionPool, Redis } from "../../mod.ts";
import { startServer } from "../../tests/harness/server.ts";
import { type Dice, sleep } from "./dice.ts";
import type { Fault } from "./faults.ts";
import { linkFaults } from "./link_faults.ts";
import { serverFaults } from "./server_faults.ts";
import { forgetfulProxy, LIMITS, type Stage } from "./stage.ts";

/** Sets up one server, which keeps acknowledged writes. */
export async function standaloneStage(dice: Dice): Promise<Stage> {
  const server = await startServer({ config: ["appendonly yes", "appendfsync always", 'save ""'] });
  const proxy = await forgetfulProxy(server);
  const pool = new BlockingConnectionPool(proxy.url, { ...LIMITS, maxConnections: 6, timeout: 1_000 });
  const clients = [
    new Redis(proxy.url, LIMITS),
    new Redis(proxy.url, { ...LIMITS, protocol: 2 }),
    new Redis({ pool, multiplex: false }),
  ] as const;
  const subscriber = new Redis(proxy.url, LIMITS);
  const faults: Fault[] = [
    ...linkFaults([proxy], dice),
    ...serverFaults([server], dice),
    {
      name: "SIGSTOP",
      weight: 2,
      run: async () => {
        await server.kill("SIGSTOP");
        await sleep(dice.between(50, 650));
        await server.kill("SIGCONT");
      },
    },
    { name: "SIGKILL and restart", weight: 1, run: () => server.restart() },
  ];
  return {
    tags: ["0"],
    clients,
    orderly: [clients[0], clients[1]],
    replicaReaders: [],
    subscriber,
    publish: ["PUBLISH", "soak:news"],
    sole: true,
    proxies: [proxy],
    faults: [faults],
    master: () => Promise.resolve(server),
    healed: () => Promise.resolve(),
    close: async () =>
      void await Promise.all([...clients, subscriber, pool].map((closable) => closable.close())),
    stop: () => server.stop(),
  };
}
