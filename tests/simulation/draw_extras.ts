/**
 * Draws what some worlds have besides: scripts and functions, patterns, consumers of streams, writes that replicas must
 * acknowledge, and caches behind connections that are lost without a word.
 *
 * It uses another random generator, so the rest of a world stays the same.
 *
 * @module
 */
import type { Dice } from "../harness/dice.ts";
import { TAGS } from "./draw_actions.ts";
import type { Action, ClientPlan, Fault, Part, Step, TopologyName } from "./scenario.ts";

/** The properties of a world on which its additional steps depend. */
export interface Surroundings {
  readonly topology: TopologyName;
  readonly duration: number;
  readonly clients: readonly ClientPlan[];
}

/** The first number of the commands of this file. */
const FIRST = 100_000;

/** Draws more steps; none in two of eight worlds. */
export function drawExtras(dice: Dice, world: Surroundings): Step[] {
  const kinds = ["none", "none", "scripts", "patterns", "streams", "replicas", "silence", "large"] as const;
  const drawn = new Extras(dice, world);
  switch (dice.pick(kinds)) {
    case "scripts":
      return drawn.scripts();
    case "patterns":
      return drawn.patterns();
    case "streams":
      return drawn.streams();
    case "replicas":
      return drawn.replicas();
    case "silence":
      return drawn.silence();
    case "large":
      return drawn.large();
    case "none":
      return [];
  }
}

class Extras {
  readonly #dice: Dice;
  readonly #world: Surroundings;
  #id = FIRST;

  constructor(dice: Dice, world: Surroundings) {
    this.#dice = dice;
    this.#world = world;
  }

  #at(): number {
    return Math.round(this.#dice.next() * this.#world.duration);
  }

  #client(): number {
    return this.#dice.below(this.#world.clients.length);
  }

  #tag(): string {
    return this.#world.topology === "cluster" ? `{${this.#dice.pick(TAGS)}}` : "";
  }

  #part(verb: Part["verb"], name: string, tag: string): Part {
    return { id: this.#id++, verb, key: name + tag };
  }

  #lost(): Fault {
    const which = this.#dice.below(8);
    return this.#dice.pick<Fault>([
      { fault: "kill", which },
      { fault: "cut", which, toServer: this.#dice.oneIn(2), bytes: this.#dice.pick([0, 20, 200]) },
      { fault: "slowReader", which, ms: 700 },
    ]);
  }

  /** Scripts and functions, which servers forget. */
  scripts(): Step[] {
    const dice = this.#dice;
    const part = (tag: string): Part => {
      const verb = dice.pick(["append", "append", "incr", "set", "push", "range"] as const);
      const name = verb === "incr" ? "n" : verb === "push" ? "l" : "k";
      const drawn = this.#part(verb, `${name}${dice.below(3)}`, tag);
      return { ...drawn, via: verb !== "range" && dice.oneIn(3) ? "function" : "script" };
    };
    const steps: Step[] = [{ at: this.#at(), fault: "forget" }, { at: this.#at(), fault: "forget" }];
    for (let more = dice.between(5, 30); more > 0; more--) {
      const tag = this.#tag();
      const at = this.#at();
      const client = this.#client();
      if (dice.oneIn(4)) {
        const parts = Array.from({ length: dice.between(2, 5) }, () => part(tag));
        steps.push({ at, client, do: dice.pick(["pipeline", "multi"] as const), parts });
      } else {
        for (let count = dice.between(1, 4); count > 0; count--) {
          steps.push({ at, client, do: "call", part: part(tag) });
        }
      }
    }
    return steps;
  }

  /** Subscriptions to patterns. */
  patterns(): Step[] {
    const dice = this.#dice;
    const steps: Step[] = [{ at: this.#at(), ...this.#lost() }];
    for (let more = dice.between(2, 5); more > 0; more--) {
      const action: Action = {
        client: this.#client(),
        do: "subscribe",
        id: this.#id++,
        channels: [dice.pick(["c*", "?0", "c[01]", "*"])],
        pattern: true,
        iterate: dice.oneIn(2),
        ...dice.oneIn(3) && { until: dice.pick([100, 1_000, 5_000]) },
      };
      steps.push({ at: Math.round(this.#at() / 2), ...action });
    }
    steps.push(...this.#companions());
    for (let more = dice.between(10, 40); more > 0; more--) {
      const part = this.#part("publish", `c${dice.below(3)}`, "");
      steps.push({ at: this.#at(), client: this.#client(), do: "call", part });
    }
    return steps;
  }

  /** Clients of one pool that subscribe to the same channel, and leave it one after the other. */
  #companions(): Step[] {
    const { clients, duration } = this.#world;
    const base = clients.find(({ shares }) => shares !== undefined)?.shares;
    if (base === undefined) return [];
    return clients.flatMap(({ shares }, client): Step[] => {
      if (client !== base && shares !== base) return [];
      const until = this.#dice.pick([undefined, 100, 1_000]);
      const action: Action = {
        client,
        do: "subscribe",
        id: this.#id++,
        channels: ["c0"],
        iterate: false,
        ...until !== undefined && { until },
      };
      return [{ at: Math.round(this.#at() / 4), ...action }, {
        at: duration,
        client,
        do: "call",
        part: this.#part("publish", "c0", ""),
      }];
    });
  }

  /** Consumers of one stream. */
  streams(): Step[] {
    const dice = this.#dice;
    const { clients, duration } = this.#world;
    // A consumer that waits holds a connection: other calls must have some, too.
    const able = clients.flatMap(({ options, shares }, at) =>
      options.multiplex !== false && (options.maxConnections ?? 10) >= 10 && shares === undefined ? [at] : []
    );
    if (able.length === 0) return [];
    const stream = `q0${this.#tag()}`;
    const claim = dice.oneIn(2) ? { claim: dice.pick([400, 2_000]) } : {};
    const steps: Step[] = [];
    for (let more = dice.between(1, 3); more > 0; more--) {
      const client = dice.pick(able);
      const until = dice.pick([undefined, undefined, 500, 2_000]);
      const action: Action = {
        client,
        do: "consume",
        id: this.#id++,
        stream,
        consumer: `m${more}`,
        handler: dice.oneIn(2),
        count: dice.pick([1, 3, 10]),
        block: dice.pick([50, 1_000, 5_000]),
        work: dice.pick([0, 5, 100, 400]),
        ...claim,
        ...until !== undefined && { until },
      };
      const at = Math.round(this.#at() / 2);
      steps.push({ at, ...action });
      if (until === undefined) continue;
      // It is started again under its name, when it has ended for certain.
      const { until: _none, ...again } = action as Action & { until: number };
      steps.push({ at: Math.min(at + until + 1_500, duration), ...again as Action, ...{ id: this.#id++ } });
    }
    for (let more = dice.between(10, 40); more > 0; more--) {
      const at = this.#at();
      const client = this.#client();
      // What is added now is on its way to a consumer when the connection is lost.
      if (dice.oneIn(4)) {
        const bytes = dice.pick([0, 5, 20, 100]);
        steps.push({ at, fault: "cut", which: dice.below(8), toServer: false, bytes });
      }
      for (let count = dice.oneIn(4) ? 8 : 1; count > 0; count--) {
        const part: Part = { id: this.#id++, verb: "xadd", key: stream };
        steps.push({ at, client, do: "call", part });
      }
    }
    for (let more = dice.below(3); more > 0; more--) steps.push({ at: this.#at(), ...this.#lost() });
    return steps;
  }

  /** Writes that replicas must acknowledge. */
  replicas(): Step[] {
    const dice = this.#dice;
    if (this.#world.topology === "standalone") return this.silence();
    const steps: Step[] = [];
    for (let more = dice.between(5, 20); more > 0; more--) {
      const part = this.#part(dice.pick(["set", "append"] as const), `k${dice.below(6)}`, this.#tag());
      steps.push({
        at: this.#at(),
        client: this.#client(),
        do: "call",
        part,
        replicas: dice.pick([1, 1, 2]),
        timeout: dice.pick([50, 400, 2_000]),
      });
    }
    return steps;
  }

  /** Values whose replies get a connection of their own, beside small commands with the same keys. */
  large(): Step[] {
    const dice = this.#dice;
    const steps: Step[] = [];
    const tag = this.#tag();
    const name = (): string => `k${6 + dice.below(2)}`;
    const client = this.#client();
    const write = (): Part => ({ ...this.#part("set", name(), tag), size: dice.pick([140_000, 300_000]) });
    steps.push({ at: 0, client, do: "call", part: write() }, { at: 0, client, do: "call", part: write() });
    for (let more = dice.between(3, 8); more > 0; more--) {
      const at = this.#at();
      if (dice.oneIn(6)) steps.push({ at, client, do: "call", part: write() });
      for (let count = dice.between(2, 8); count > 0; count--) {
        const verb = dice.pick(["get", "get", "range", "append", "append", "del", "incr"] as const);
        const part = this.#part(
          verb,
          verb === "incr" ? "n6" : dice.oneIn(3) ? `k${dice.below(2)}` : name(),
          tag,
        );
        const limits = dice.oneIn(8) ? { timeout: dice.pick([5, 100]) } : {};
        const caller = dice.oneIn(8) ? this.#client() : client;
        steps.push(
          dice.oneIn(6)
            ? {
              at,
              client: caller,
              do: dice.pick(["pipeline", "multi"] as const),
              parts: [part, this.#part("get", name(), tag)],
            }
            : { at, client: caller, do: "call", part, ...limits },
        );
      }
      if (dice.oneIn(3)) steps.push({ at, ...this.#lost() });
    }
    return steps;
  }

  /** Connections that are silent while others write, and callers that read what they have just written. */
  silence(): Step[] {
    const dice = this.#dice;
    const { clients, duration } = this.#world;
    const steps: Step[] = [];
    const cached = clients.findIndex(({ options }) => Boolean(options.cache));
    const reader = cached < 0 ? 0 : cached;
    for (let more = dice.between(1, 3); more > 0; more--) {
      const at = Math.round(this.#at() / 2);
      const tag = this.#tag();
      const get = (late: number): void => {
        for (const name of ["k0", "k1"]) {
          const time = Math.min(at + late, duration);
          steps.push({ at: time, client: reader, do: "call", part: this.#part("get", name, tag) });
        }
      };
      get(0);
      get(60);
      const which = dice.below(8);
      steps.push({ at: at + 100, fault: "halfOpen", which, serverKeeps: dice.oneIn(2) });
      for (let count = 3; count > 0; count--) {
        const part = this.#part("set", `k${dice.below(2)}`, tag);
        steps.push({ at: at + 120 + 40 * count, client: this.#client(), do: "call", part });
      }
      for (const late of [400, 2_000, 5_000, 9_000]) get(late);
    }
    for (let more = dice.between(2, 8); more > 0; more--) {
      const at = this.#at();
      const tag = this.#tag();
      const part = this.#part("set", `k${dice.below(3)}`, tag);
      const { key } = part;
      const action: Action = dice.oneIn(2)
        ? { client: reader, do: "watch", key, part, pause: 0, read: this.#id++ }
        : { client: reader, do: "call", part, read: this.#id++ };
      steps.push({ at, ...action });
      // Before the write, and while it is on its way.
      for (const late of [-50, 1, 3, 10, 40]) {
        const time = Math.min(Math.max(0, at + late), duration);
        steps.push({ at: time, client: reader, do: "call", part: { id: this.#id++, verb: "get", key } });
      }
    }
    if (this.#world.topology === "standalone" && dice.oneIn(2)) {
      for (let more = 3; more > 0; more--) steps.push({ at: this.#at(), fault: "flush" });
    }
    return steps;
  }
}
