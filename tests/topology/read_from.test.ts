import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ReadFrom, readFrom as kind, type ReadTarget } from "../../src/topology/read_from.ts";
import { configuredZone, ReadSelector } from "../../src/topology/read_selector.ts";

interface Server extends ReadTarget {
  readonly name: string;
  woken: number;
}

const server = (name: string, ready: boolean, zone?: string, latency?: number): Server => ({
  name,
  ready,
  zone,
  latency,
  woken: 0,
  wake() {
    this.woken++;
  },
});

/** The servers that may be selected, by the words of the documentation. */
function allowed(readFrom: ReadFrom, master: Server, replicas: readonly Server[]): Server[] {
  const up = replicas.filter(({ ready }) => ready);
  const all = master.ready ? [...up, master] : up;
  const orElse = (...tiers: Server[][]): Server[] => tiers.find(({ length }) => length > 0) ?? [];
  if (typeof readFrom !== "string") {
    const here = ({ zone }: Server): boolean => zone === readFrom.zone;
    return orElse(up.filter(here), all.filter(here), all);
  }
  const best = Math.min(...all.map(({ latency = Infinity }) => latency));
  return {
    master: master.ready ? [master] : [],
    replica: up,
    preferReplica: orElse(up, all),
    any: all,
    nearest: all.filter(({ latency = Infinity }) => latency === best),
  }[readFrom];
}

/** All sets of up to three replicas, each in a zone or none, up or down. */
function* groups(): Generator<{ master: Server; replicas: Server[] }> {
  const forms = [true, false].flatMap((ready) => ["a", "b", undefined].map((zone) => ({ ready, zone })));
  for (let count = 0; count <= 3; count++) {
    for (let code = 0; code < forms.length ** (count + 1); code++) {
      const made = Array.from({ length: count + 1 }, (_, place) => {
        const { ready, zone } = forms[Math.floor(code / forms.length ** place) % forms.length]!;
        return server(`s${place}`, ready, zone, (code * 7 + place * 3) % 5 || undefined);
      });
      yield { master: made[0]!, replicas: made.slice(1) };
    }
  }
}

describe("readFrom", () => {
  const choices: readonly ReadFrom[] = [
    "master",
    "replica",
    "preferReplica",
    "any",
    "nearest",
    { zone: "a" },
    { zone: "elsewhere" },
  ];
  for (const readFrom of choices) {
    it(`${JSON.stringify(readFrom)} selects what is allowed, all of it in turn, in every group of up to four`, () => {
      for (const { master, replicas } of groups()) {
        const selector = new ReadSelector(readFrom);
        const wanted = allowed(readFrom, master, replicas);
        const rounds = 2;
        const counts = new Map<Server, number>(wanted.map((one) => [one, 0]));
        for (let read = 0; read < wanted.length * rounds; read++) {
          const selected = selector.select(master, replicas);
          assert.ok(selected !== undefined && counts.has(selected));
          counts.set(selected, counts.get(selected)! + 1);
        }
        if (readFrom !== "nearest") assert.ok([...counts.values()].every((count) => count === rounds));
        if (wanted.length === 0) assert.equal(selector.select(master, replicas), undefined);
      }
    });
  }

  it("rotates for each group by itself: two shards read in turns do not always meet the same replica", () => {
    const selector = new ReadSelector("replica");
    const shards = [0, 1].map((n) => ({
      master: server(`m${n}`, true),
      replicas: [server(`r${n}0`, true), server(`r${n}1`, true)],
    }));
    const seen = new Set<string>();
    for (let round = 0; round < 2; round++) {
      for (const shard of shards) seen.add(selector.select(shard.master, shard.replicas, shard)!.name);
    }
    assert.equal(seen.size, 4);
  });

  it("wakes a replica that is not ready, while another one is read", () => {
    for (const readFrom of ["preferReplica", "any", { zone: "a" }] as const) {
      const [down, up] = [server("down", false, "a"), server("up", true, "a")];
      const selector = new ReadSelector(readFrom);
      for (let read = 0; read < 4; read++) assert.equal(selector.select(up, [down])!.name, "up");
      assert.ok(down.woken > 0);
    }
  });

  it('prefers the zone of the client with "nearest", and then the latency', () => {
    const far = server("far", true, "b", 1);
    const near = [server("near", true, "a", 9), server("nearer", true, "a", 5)];
    assert.equal(new ReadSelector("nearest", "a").select(far, near)!.name, "nearer");
    assert.equal(new ReadSelector("nearest").select(far, near)!.name, "far");
  });

  it("takes zones from the option by address or by host", () => {
    const option = kind.check(
      { zone: "a", zones: { "Node:1": "a", node: "b", "[::1]:1": "c" } },
      "readFrom",
    ) as ReadFrom;
    assert.equal(configuredZone(option, { host: "node", port: 1 }), "a");
    assert.equal(configuredZone(option, { host: "NODE", port: 2 }), "b");
    assert.equal(configuredZone(option, { host: "::1", port: 1 }), "c");
    assert.equal(configuredZone(option, { host: "other", port: 1 }), undefined);
    assert.equal(configuredZone("any", { host: "node", port: 1 }), undefined);
  });
});
