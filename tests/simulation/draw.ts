/**
 * Draws a world from a seed.
 *
 * @module
 */
import { drawAction } from "./draw_actions.ts";
import { denseClients, denseNetwork, drawDense } from "./draw_dense.ts";
import { drawExtras } from "./draw_extras.ts";
import { drawGentle } from "./draw_gentle.ts";
import { drawMoments } from "./draw_moments.ts";
import { drawPlaces } from "./draw_places.ts";
import { drawSituations } from "./draw_situations.ts";
import { drawFault, drawTopologyFault } from "./draw_faults.ts";
import { derive, Dice } from "../harness/dice.ts";
import type {
  ClientPlan,
  NetworkPlan,
  OptionsPlan,
  Scenario,
  ServersPlan,
  SpacePlan,
  Step,
  TopologyName,
} from "./scenario.ts";

function drawNetwork(dice: Dice): NetworkPlan {
  return {
    latency: dice.pick([0.25, 0.5, 1, 5, 20]),
    jitter: dice.pick([0, 0, 1, 10]),
    chunk: dice.pick([0, 0, 0, 7, 100, 1_500]),
    capacity: dice.pick([65_536, 65_536, 16_384, 1_000]),
    promises: dice.oneIn(3),
    keepAlive: dice.pick([0, 15_000]),
  };
}

function drawOptions(dice: Dice): OptionsPlan {
  const maybe = <T>(n: number, values: readonly T[]): T | undefined =>
    dice.oneIn(n) ? dice.pick(values) : undefined;
  const multiplex = dice.oneIn(5) ? false : undefined;
  const cache = multiplex === undefined && dice.oneIn(4)
    ? {
      mode: dice.pick(["tracking", "broadcast"] as const),
      ttl: dice.pick([0, 0, 50, 2_000]),
      maxEntries: dice.pick([3, 1_000]),
    }
    : undefined;
  const options: OptionsPlan = {
    protocol: cache === undefined ? dice.pick([undefined, 2, 3] as const) : undefined,
    multiplex,
    cache,
    commandTimeout: dice.pick([undefined, undefined, 200, 1_000, 3_000]),
    socketTimeout: maybe(5, [150, 500]),
    connectTimeout: dice.pick([undefined, 300, 1_000]),
    blockingGrace: maybe(4, [100, 2_000]),
    healthCheckInterval: dice.pick([1_000, 3_000, 5_000]),
    maxConnections: multiplex === false ? dice.pick([5, 50, undefined]) : dice.pick([undefined, 3, 10]),
    minIdle: maybe(6, [1, 3]),
    maxIdleTime: maybe(6, [500, 5_000]),
    maxLifetime: maybe(5, [1_000, 10_000]),
    queue: maybe(3, ["fifo"] as const),
    closeGrace: maybe(3, [50, 500]),
    retry: dice.pick([
      undefined,
      undefined,
      false,
      { attempts: 1, backoff: "constant:0", unsafe: false },
      { attempts: 10, backoff: "constant:30", unsafe: false },
      { attempts: 3, backoff: "constant:50", unsafe: dice.oneIn(2) },
    ]),
    reconnect: dice.pick([undefined, { backoff: "constant:10" }, { backoff: "constant:200", attempts: 3 }]),
    offlineQueue: dice.pick([undefined, undefined, undefined, false, { maxCommands: 10 }] as const),
    sendQueue: maybe(4, [{ maxCommands: 20 }, { maxBytes: 5_000 }]),
    maxMultiplexed: maybe(4, [1, 3]),
    trackLeases: maybe(8, [true]),
    callSites: maybe(8, [true]),
    errorArguments: maybe(8, [true]),
    clientName: maybe(8, ["simulated"]),
    libName: maybe(8, ["worlds"]),
    retryOnTimeout: maybe(10, [true]),
    retryOnError: maybe(10, [["OOM"], ["READONLY", "TimeoutError"]]),
    observer: maybe(6, [true]),
  };
  const refused = options.retry === false ? /^retryOn/ : /^$/;
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => value !== undefined && !refused.test(name)),
  );
}

/** Adds the options that a topology has besides, and removes those that it does not have. */
function adapt(dice: Dice, options: OptionsPlan, topology: TopologyName): OptionsPlan {
  if (topology === "standalone") return options;
  const { minIdle: _none, ...rest } = options;
  const reads = rest.cache === undefined && dice.oneIn(5) ? drawReads(dice, topology) : {};
  if (topology === "sentinel") {
    return {
      ...rest,
      ...reads,
      ...dice.oneIn(4) && { minOtherSentinels: dice.pick([1, 2]) },
    };
  }
  return {
    ...rest,
    ...reads,
    // There are connections to each node.
    ...rest.maxConnections !== undefined && { maxConnections: rest.maxConnections * 6 },
    ...dice.oneIn(4) && { maxConnectionsPerNode: rest.multiplex === false ? 8 : dice.pick([3, 5]) },
    ...dice.oneIn(3) && { nodeTimeout: dice.pick([0, 200, 1_000]) },
    ...dice.oneIn(4) && { refreshInterval: dice.pick([500, 5_000]) },
    ...dice.oneIn(8) && { initSlotCache: false },
    ...dice.oneIn(6) && { reinitializeSteps: dice.pick([0, 1]) },
    ...dice.oneIn(8) && { skipFullCoverageCheck: true },
    ...dice.oneIn(8) && { followCluster: false },
    ...dice.oneIn(8) && { maxRedirections: dice.pick([2, 5]) },
  };
}

/** Draws the servers that serve reads. */
function drawReads(dice: Dice, topology: TopologyName): OptionsPlan {
  const prefer = dice.pick(["replica", "preferReplica", "preferReplica", "any", "nearest"] as const);
  if (topology === "sentinel" && dice.oneIn(2)) {
    return { readFrom: { prefer, maxLag: dice.pick([300, 1_000]) } };
  }
  return {
    readFrom: prefer,
    ...topology === "cluster" && prefer === "nearest" && dice.oneIn(2) && { availabilityZone: "here" },
  };
}

/** Draws the database, the prefixes and the password; the defaults in three of four worlds. */
function drawSpace(dice: Dice, topology: TopologyName): SpacePlan | undefined {
  const space: SpacePlan = {
    ...topology !== "cluster" && dice.oneIn(8) && { db: dice.pick([1, 3]) },
    ...dice.oneIn(8) && { keyPrefix: "app:" },
    ...dice.oneIn(8) && { channelPrefix: "bus:" },
    ...topology !== "sentinel" && dice.oneIn(8) && { password: "open sesame" },
  };
  return Object.keys(space).length > 0 ? space : undefined;
}

function drawServers(dice: Dice, topology: TopologyName, clients: readonly ClientPlan[]): ServersPlan {
  const masters = topology === "cluster" ? dice.pick([2, 3, 3]) : 1;
  return {
    masters,
    replicas: topology === "cluster" ? dice.pick([0, 1, 1, 2]) : dice.pick([1, 2]),
    lag: dice.pick(
      clients.some(({ options }) => typeof options.readFrom === "object") ? [300, 2_000] : [0, 0, 5, 300],
    ),
    gossip: dice.pick([0, 0, 20, 500]),
  };
}

function drawClients(dice: Dice, topology: TopologyName): ClientPlan[] {
  const clients: ClientPlan[] = [];
  const count = dice.between(1, 4);
  for (let at = 0; at < count; at++) {
    const base = clients.findIndex(({ pool }) => pool !== undefined);
    if (base >= 0 && dice.oneIn(3)) {
      // Clients of one pool that have a cache must give the same options.
      const { options } = clients[base]!;
      clients.push({ options, shares: base });
      continue;
    }
    const pool = topology !== "sentinel" && dice.oneIn(3)
      ? dice.pick(["refusing", "waiting"] as const)
      : undefined;
    clients.push({ options: adapt(dice, drawOptions(dice), topology), ...pool && { pool } });
  }
  return clients;
}

/**
 * The theme of a world: all kinds of calls, reads of a cache, bursts of big values, or clients that are
 * closed early.
 */
type Theme = "all" | "cache" | "bursts" | "early";

/** Draws what changes with the theme of a world: its network, its clients and faults. */
function drawTheme(
  dice: Dice,
  theme: Theme,
  network: NetworkPlan,
  clients: ClientPlan[],
  duration: number,
): { network: NetworkPlan; clients: ClientPlan[]; steps: Step[] } {
  const steps: Step[] = [];
  const at = (): number => Math.round(dice.next() * duration);
  const which = (): number => dice.below(8);
  switch (theme) {
    case "cache": {
      const { protocol: _old, multiplex: _none, readFrom: _master, ...options } = clients[0]!.options;
      const cache = {
        mode: dice.pick(["tracking", "broadcast"] as const),
        ttl: dice.pick([0, 0, 2_000]),
        maxEntries: 1_000,
      };
      clients = [{ ...clients[0], options: { ...options, cache } }, ...clients.slice(1)];
      for (let more = 0; more < 4; more++) steps.push({ at: at(), fault: "kill", which: which() });
      break;
    }
    case "bursts":
      network = { ...network, capacity: 1_000, latency: Math.min(network.latency, 1), chunk: 0 };
      for (let more = 0; more < 6; more++) {
        const ms = dice.pick([200, 700, 2_000]);
        steps.push({ at: at(), fault: "stall", which: which(), bytes: 2_000, ms });
      }
      break;
    case "early":
      steps.push({ at: 0, fault: "hang", ms: dice.pick([200, 6_000, 60_000]) });
      steps.push({ at: 0, client: 0, do: "call", part: { id: 1, verb: "set", key: "k0{a}" } });
      steps.push({ at: dice.between(1, 50), client: 0, do: "close" });
  }
  return { network, clients, steps };
}

/** The same step; a single write to a key is one with `once()`. */
function withOnce(step: Step): Step {
  if (!("do" in step) || step.do !== "call" || !/^(set|setpx|append|incr|push|del)$/.test(step.part.verb)) {
    return step;
  }
  return { ...step, do: "once" };
}

/** The world of a seed. */
export function drawScenario(seed: number, topology: TopologyName = "standalone"): Scenario {
  const dice = new Dice(derive(seed, 0));
  const theme: Theme = dice.pick(["all", "all", "all", "cache", "bursts", "early"] as const);
  const drawnNetwork = drawNetwork(dice);
  const drawnClients = drawClients(dice, topology);
  const servers = topology === "standalone" ? undefined : drawServers(dice, topology, drawnClients);
  const duration = dice.pick([2_000, 5_000, 10_000, 30_000]);
  const { network, clients, steps } = drawTheme(dice, theme, drawnNetwork, drawnClients, duration);
  const bursts = dice.between(10, 120);
  let id = 2;
  for (let at = 0; at < bursts; at++) {
    const time = Math.round(dice.next() * duration);
    const size = dice.oneIn(4) ? dice.between(5, 60) : dice.between(1, 5);
    const client = dice.below(clients.length);
    for (let more = 0; more < size; more++) {
      const drawn = drawAction(
        dice,
        dice.oneIn(6) ? dice.below(clients.length) : client,
        id,
        topology === "cluster",
        theme,
      );
      id += drawn.used;
      steps.push({ at: time, ...drawn.action });
    }
  }
  const calm = dice.oneIn(8);
  const faults = calm ? 0 : dice.between(1, 12);
  for (let more = 0; more < faults; more++) {
    const at = Math.round(dice.next() * duration);
    const drawn = topology !== "standalone" && dice.oneIn(2)
      ? drawTopologyFault(dice, topology)
      : drawFault(dice);
    steps.push({ at, ...drawn });
  }
  if (dice.oneIn(5)) {
    steps.push({ at: Math.round(dice.next() * duration), client: dice.below(clients.length), do: "close" });
  }
  if (derive(seed, 9) % 6 === 0) steps.forEach((step, at) => steps[at] = withOnce(step));
  steps.push(...drawExtras(new Dice(derive(seed, 10)), { topology, duration, clients }));
  steps.push(...drawSituations(new Dice(derive(seed, 17)), { topology, duration, clients, network, steps }));
  // The order of steps at one time is that of their drawing.
  steps.sort((a, b) => a.at - b.at);
  const space = drawSpace(new Dice(derive(seed, 11)), topology);
  const placed = drawPlaces(new Dice(derive(seed, 13)), {
    seed,
    topology,
    ...servers && { servers },
    duration,
    network,
    ...space && { space },
    clients,
    ...derive(seed, 18) % 4 === 0 && { together: true },
    steps,
  });
  return drawMoments(new Dice(derive(seed, 16)), drawGentle(new Dice(derive(seed, 15)), placed));
}

/** Adds a dense load to a world that has clients for it. */
export function addDenseLoad(scenario: Scenario): Scenario {
  const { seed, clients, steps, network, duration } = scenario;
  const able = denseClients(clients, steps);
  if (able.length === 0) return scenario;
  const more = drawDense(new Dice(derive(seed, 14)), able, duration);
  return {
    ...scenario,
    network: denseNetwork(network),
    together: true,
    steps: [...steps, ...more].sort((a, b) => a.at - b.at),
  };
}
