/**
 * The faults of links between client and server, which the servers do not notice.
 *
 * @module
 */
import type { FaultProxy } from "../../tests/harness/fault_proxy.ts";
import { type Dice, sleep } from "./dice.ts";
import type { Fault } from "./faults.ts";

/** Faults of the links through these proxies, of one at a time. */
export function linkFaults(proxies: readonly [FaultProxy, ...FaultProxy[]], dice: Dice): Fault[] {
  const any = (): FaultProxy => dice.some(proxies);
  const link = (): FaultProxy["last"] | undefined => dice.some(any().open);
  return [
    { name: "reset all", weight: 3, run: () => any().killAll("reset") },
    { name: "close all", weight: 3, run: () => any().killAll("fin") },
    { name: "reset one", weight: 4, run: () => link()?.kill("reset") },
    {
      name: "cut at a byte",
      weight: 8,
      run: () => {
        const one = link();
        const way = dice.chance(0.5) ? "toServer" : "toClient";
        one?.cutAfter({ [way]: one.bytes[way] + Math.floor(dice.between(0, 5_000)), how: "reset" });
      },
    },
    {
      name: "cut new links early",
      weight: 2,
      run: async () => {
        const proxy = any();
        proxy.faults = { ...proxy.faults, cut: { toClient: Math.floor(dice.between(0, 300)), how: "fin" } };
        proxy.killAll("reset");
        await sleep(150);
        proxy.faults = { ...proxy.faults, cut: undefined };
      },
    },
    {
      name: "freeze one for long",
      weight: 2,
      run: async () => {
        link()?.freeze(dice.chance(0.5) ? "toServer" : "toClient");
        await sleep(100);
      },
    },
    {
      name: "freeze all briefly",
      weight: 3,
      run: async () => {
        const proxy = any();
        proxy.freezeAll();
        await sleep(dice.between(50, 550));
        proxy.thawAll();
      },
    },
    { name: "half-open", weight: 2, run: () => link()?.halfOpen() },
    {
      name: "slow link",
      weight: 2,
      run: async () => {
        link()?.apply({ rate: 20_000, delay: 20 });
        await sleep(100);
      },
    },
    {
      name: "refuse connections",
      weight: 2,
      run: async () => {
        const proxy = any();
        proxy.refuse();
        proxy.killAll("fin");
        await sleep(dice.between(50, 350));
        await proxy.accept();
      },
    },
  ];
}
