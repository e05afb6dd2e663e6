/**
 * Draws situations that last some milliseconds: calls and faults that are drawn each for itself hardly ever meet in them.
 *
 * A watched key is written before EXEC. A subscription follows its own end. A value expires while the connection is silent.
 * Calls are aborted or expire behind a stalled socket. Messages of a stream are lost on their way. A connection dies behind
 * a refusal. Slots are on their way, or return at once.
 *
 * It uses another random generator, so the rest of a world stays the same.
 *
 * @module
 */
import type { Dice } from "../harness/dice.ts";
import { TAGS } from "./draw_actions.ts";
import { type Action, type ClientPlan, isFault, type NetworkPlan, type Part, type Step } from "./scenario.ts";
import type { TopologyName } from "./scenario.ts";

/** The parts of a world on which its situations depend. */
export interface Place {
  readonly topology: TopologyName;
  readonly duration: number;
  readonly clients: readonly ClientPlan[];
  readonly network: NetworkPlan;
  /** All other steps. */
  readonly steps: readonly Step[];
}

/** The first number of the commands of this file. */
const FIRST = 400_000;

/** Draws more steps: each kind in one world of six, if it fits the world; moving slots in more of them. */
export function drawSituations(dice: Dice, place: Place): Step[] {
  const drawn = new Situations(dice, place);
  const calm = !place.steps.some(isFault);
  const steps: Step[] = [];
  const add = (more: () => Step[]): void => {
    if (dice.oneIn(6)) steps.push(...more());
  };
  add(() => drawn.resubscribed());
  if (place.topology === "cluster") {
    if (dice.oneIn(calm ? 2 : 4)) steps.push(...drawn.asked());
    if (!calm) add(() => drawn.returned());
  }
  if (calm) return steps;
  add(() => drawn.unsent());
  add(() => drawn.undelivered());
  add(() => drawn.watched());
  add(() => drawn.expired());
  add(() => drawn.silenced());
  return steps;
}

class Situations {
  readonly #dice: Dice;
  readonly #place: Place;
  /** Milliseconds for one way, on most connections. */
  readonly #way: number;
  #id = FIRST;

  constructor(dice: Dice, place: Place) {
    this.#dice = dice;
    this.#place = place;
    const { latency, jitter } = place.network;
    this.#way = latency + jitter / 2;
  }

  /** A time, with room for what takes so long. */
  #at(room: number): number {
    return Math.round(this.#dice.next() * Math.max(0, this.#place.duration - room));
  }

  #client(): number {
    return this.#dice.below(this.#place.clients.length);
  }

  #tag(): string {
    return this.#place.topology === "cluster" ? `{${this.#dice.pick(TAGS)}}` : "";
  }

  #call(at: number, client: number, part: Omit<Part, "id">): Step {
    return { at, client, do: "call", part: { id: this.#id++, ...part } };
  }

  /** Others write a watched key, and the server refuses the transaction for a while. */
  watched(): Step[] {
    const dice = this.#dice;
    const way = this.#way;
    const steps: Step[] = [];
    for (let rounds = dice.between(2, 4); rounds > 0; rounds--) {
      const pause = Math.round(20 * way + 40);
      const at = this.#at(2 * pause);
      const key = `k${dice.below(6)}${this.#tag()}`;
      const part: Part = { id: this.#id++, verb: "set", key };
      steps.push(
        { at, client: this.#client(), do: "watch", key, part, pause },
        this.#call(at + Math.round(14 * way + 20), this.#client(), { verb: "append", key }),
        {
          at: at + pause,
          fault: "window",
          code: dice.pick(["BUSY", "LOADING"] as const),
          ms: Math.round(14 * way + 60),
        },
      );
    }
    return steps;
  }

  /** Calls are aborted, or expire, while they wait behind a socket that takes nothing, and more than is encoded ahead. */
  unsent(): Step[] {
    const dice = this.#dice;
    const tag = this.#tag();
    const steps: Step[] = [];
    for (let rounds = 2; rounds > 0; rounds--) {
      const client = this.#client();
      const ms = dice.pick([200, 600]);
      const at = this.#at(ms);
      for (let which = 0; which < 3; which++) steps.push({ at, fault: "stall", which, bytes: 2_000, ms });
      for (let more = 5; more > 0; more--) {
        steps.push(this.#call(at + 1, client, { verb: "set", key: `k0${tag}`, size: 30_000 }));
      }
      for (let more = 8; more > 0; more--) {
        const part: Part = { id: this.#id++, verb: dice.pick(["append", "push"] as const), key: `k1${tag}` };
        const own = part.verb === "push" ? { ...part, key: `l1${tag}` } : part;
        steps.push({
          at: at + 2,
          client,
          do: "call",
          part: own,
          ...dice.pick([{}, { abort: 20 }, { timeout: 50 }]),
        });
      }
    }
    return steps;
  }

  /** The replies with messages of a stream are lost: they are pending for a consumer that has not seen them. */
  undelivered(): Step[] {
    const dice = this.#dice;
    const { clients, duration } = this.#place;
    const client = clients.findIndex(({ options, shares }) =>
      options.multiplex !== false && (options.maxConnections ?? 10) >= 10 && shares === undefined
    );
    if (client < 0) return [];
    const stream = `q1${this.#tag()}`;
    const steps: Step[] = [{
      at: 0,
      client,
      do: "consume",
      id: this.#id++,
      stream,
      consumer: "m1",
      handler: false,
      count: 10,
      block: 5_000,
      work: 0,
    }];
    for (let rounds = 4; rounds > 0; rounds--) {
      const at = Math.round(dice.between(3, 10) * duration / 10);
      for (let which = 0; which < 3; which++) {
        if (dice.oneIn(2)) steps.push({ at, fault: "cut", which, toServer: false, bytes: 20 });
      }
      for (let more = 4; more > 0; more--) {
        steps.push(this.#call(at, this.#client(), { verb: "xadd", key: stream }));
      }
    }
    return steps;
  }

  /** A channel is subscribed to again while messages of the last subscription are on their way. */
  resubscribed(): Step[] {
    const dice = this.#dice;
    const way = this.#way;
    const steps: Step[] = [];
    for (let round = 0; round < 3; round++) {
      const channels = [`c${3 + round}`];
      const until = Math.round(8 * way + 100);
      const at = this.#at(until + 8 * way);
      const late = way * dice.pick([0.5, 1, 1.5]);
      const client = this.#client();
      const subscribe = (): Action => {
        return { client, do: "subscribe", id: this.#id++, channels, iterate: dice.oneIn(2) };
      };
      steps.push({ at, ...subscribe(), until } as Step, { at: at + until + late, ...subscribe() });
      const publisher = this.#client();
      for (let time = -2 * way; time < late + 4 * way; time += way / 3) {
        steps.push(this.#call(at + until + time, publisher, { verb: "publish", key: channels[0]! }));
      }
    }
    return steps;
  }

  /** A cached value expires while no byte comes from the server. */
  expired(): Step[] {
    const { clients } = this.#place;
    const client = clients.findIndex(({ options }) => Boolean(options.cache));
    if (client < 0) return [];
    const way = this.#way;
    const steps: Step[] = [];
    for (let rounds = 3; rounds > 0; rounds--) {
      const key = `x${this.#dice.below(3)}${this.#tag()}`;
      const ttl = Math.round(300 + 20 * way);
      const at = this.#at(ttl + 800);
      const get = (late: number): Step => this.#call(at + late, client, { verb: "get", key });
      steps.push(
        this.#call(at, client, { verb: "setpx", key, ttl }),
        get(Math.round(4 * way + 10)),
        get(Math.round(10 * way + 20)),
        { at: Math.round(at + 12 * way + 40), fault: "freezeAll", ms: ttl + 600 },
        ...[150, 300, 450].map((late) => get(ttl + late)),
      );
    }
    return steps;
  }

  /** A connection dies right after a command was refused over it. */
  silenced(): Step[] {
    const dice = this.#dice;
    const way = this.#way;
    const steps: Step[] = [];
    for (let rounds = dice.between(2, 4); rounds > 0; rounds--) {
      const at = this.#at(500);
      const key = `k${dice.below(6)}${this.#tag()}`;
      const client = this.#client();
      steps.push({
        at,
        fault: "window",
        code: "LOADING",
        ms: Math.round(2 * way + 20),
        which: dice.below(60),
      });
      for (let more = 3; more > 0; more--) steps.push(this.#call(at + 1, client, { verb: "set", key }));
      const serverKeeps = dice.oneIn(2);
      for (let which = dice.between(1, 4); which > 0; which--) {
        steps.push({ at: at + 1 + 2.5 * way, fault: "halfOpen", which, serverKeeps });
      }
    }
    return steps;
  }

  /** Commands for a slot whose keys are at two nodes. */
  asked(): Step[] {
    const dice = this.#dice;
    const tag = dice.pick(TAGS);
    const at = dice.between(100, 400);
    const ms = dice.pick([400, 3_000, 6_000]);
    const steps: Step[] = [];
    const clients = [this.#client(), this.#client()];
    const key = (): string => `k${dice.below(6)}{${tag}}`;
    for (let more = 4; more > 0; more--) {
      steps.push(this.#call(dice.between(0, at), dice.pick(clients), { verb: "set", key: key() }));
    }
    // The master that has the slot is not known here: one of both moves it.
    for (let which = 0; which < 2; which++) {
      steps.push({ at: at + (ms + 300) * which, fault: "migrate", tag, which, ms });
    }
    for (let more = dice.between(30, 80); more > 0; more--) {
      const verb = dice.pick(["set", "append", "get", "range"] as const);
      const time = at + Math.round(dice.next() * 2 * ms);
      steps.push(this.#call(time, dice.pick(clients), { verb, key: key() }));
    }
    return steps;
  }

  /** Slots that leave their master and return at once, under sharded subscriptions. */
  returned(): Step[] {
    const dice = this.#dice;
    const which = dice.below(6);
    const at = this.#at(4_000);
    const steps: Step[] = [{ at, fault: "reshard", which }];
    for (const name of ["s0", "s1"]) {
      const channels = [`${name}{${dice.pick(TAGS)}}`];
      const iterate = dice.oneIn(2);
      steps.push({
        at: at + 500,
        client: this.#client(),
        do: "subscribe",
        id: this.#id++,
        channels,
        iterate,
        sharded: true,
      });
    }
    const away = at + 1_500;
    const late = dice.pick([0.5, 1, 2 * this.#way]);
    steps.push({ at: away, fault: "reshard", which: which + 1 }, {
      at: away + late,
      fault: "reshard",
      which,
    });
    return steps;
  }
}
