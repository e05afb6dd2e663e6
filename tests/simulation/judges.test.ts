import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConnectionError, RedisError } from "../../src/errors.ts";
import { drawScenario } from "./draw.ts";
import type { History, Operation, Outcome, Served } from "./history.ts";
import { judgeConsistency } from "./judges/consistency.ts";
import { judgeDeadlines } from "./judges/deadlines.ts";
import { judgeErrors } from "./judges/errors.ts";
import { judgeExecuted } from "./judges/executed.ts";
import { type Event, linearize } from "./judges/linearizable.ts";
import { judgeOrder } from "./judges/order.ts";
import { judgeRefusals } from "./judges/refusals.ts";
import { judgeReplicas } from "./judges/replicas.ts";
import { judgeReplies } from "./judges/replies.ts";
import { judgeStreams } from "./judges/streams.ts";
import { judgeSubscriptions, MARKERS } from "./judges/subscriptions.ts";
import type { OptionsPlan, Part, Scenario } from "./scenario.ts";

/** A register: writes of a number, reads that saw one; `unknown`: it may or may not have happened. */
function write(from: number, to: number, value: number, unknown = false): Event<number> {
  return { from, to: unknown ? Infinity : to, apply: () => value, optional: unknown };
}

function read(from: number, to: number, value: number): Event<number> {
  return { from, to, apply: (state) => state === value ? state : undefined, optional: false, reads: true };
}

describe("linearizability", () => {
  const cases: readonly [string, readonly Event<number>[], "linearizable" | "not linearizable"][] = [
    ["nothing", [], "linearizable"],
    ["a write, then its read", [write(0, 1, 5), read(2, 3, 5)], "linearizable"],
    ["a read of what was never written", [write(0, 1, 5), read(2, 3, 6)], "not linearizable"],
    ["a read of the past", [write(0, 1, 5), write(2, 3, 6), read(4, 5, 5)], "not linearizable"],
    ["a read beside a write sees either", [write(0, 1, 5), write(2, 9, 6), read(3, 4, 5)], "linearizable"],
    [
      "a read beside a write sees either (2)",
      [write(0, 1, 5), write(2, 9, 6), read(3, 4, 6)],
      "linearizable",
    ],
    [
      "two reads beside a write do not go back",
      [write(0, 1, 5), write(2, 9, 6), read(3, 4, 6), read(5, 6, 5)],
      "not linearizable",
    ],
    [
      "an unknown write may never happen",
      [write(0, 1, 5), write(2, 3, 6, true), read(4, 5, 5)],
      "linearizable",
    ],
    ["an unknown write may happen late", [
      write(0, 1, 5),
      write(2, 3, 6, true),
      read(4, 5, 5),
      read(6, 7, 6),
    ], "linearizable"],
    ["an unknown write happens once", [
      write(0, 1, 5),
      write(2, 3, 6, true),
      read(4, 5, 6),
      write(6, 7, 5),
      read(8, 9, 6),
    ], "not linearizable"],
    ["an unknown write does not happen before its call", [
      write(0, 1, 5),
      read(2, 3, 6),
      write(4, 5, 6, true),
    ], "not linearizable"],
  ];
  const crowd = (at: number) => Array.from({ length: 400 }, (_, which) => read(at, 10_000, which % 40));
  const writes = Array.from({ length: 40 }, (_, at) => write(10 * at + 1, 10 * at + 1, at));
  const crowds: typeof cases = [
    ["hundreds of reads beside a row of writes", [...crowd(0), ...writes], "linearizable"],
    [
      "a late read of the past among hundreds",
      [...crowd(0), ...writes, read(500, 501, 3)],
      "not linearizable",
    ],
  ];
  for (const [name, events, verdict] of [...cases, ...crowds]) {
    it(name, () => assert.equal(linearize(events, 0), verdict));
  }

  it("decides as trying all orders does, for thousands of small histories", () => {
    const clocks: number[] = [];
    let state = 1;
    const below = (limit: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % limit;
    };
    for (let round = 0; round < 3_000; round++) {
      const events = Array.from({ length: 1 + below(5) }, () => {
        const from = below(10);
        const to = from + 1 + below(6);
        return below(2) === 0 ? read(from, to, below(3)) : write(from, to, 1 + below(2), below(3) === 0);
      });
      const verdict = linearize(events, 0);
      assert.equal(verdict === "linearizable", tryAll(events, 0), JSON.stringify(events));
      clocks.push(verdict.length);
    }
    assert.ok(new Set(clocks).size === 2, "both verdicts occur");
  });
});

/** Whether any order of what must, and of any choice of what may, have happened fits. */
function tryAll(events: readonly Event<number>[], state: number): boolean {
  if (events.every(({ optional }) => optional)) return true;
  return events.some((event, at) => {
    const others = events.filter((_, other) => other !== at);
    if (others.some((other) => !other.optional && other.to < event.from)) return false;
    const after = event.apply(state);
    return after !== undefined && tryAll(others, after);
  });
}

const SCENARIO: Scenario = { ...drawScenario(1), clients: [{ options: {} }], steps: [] };

function operation(part: Partial<Part>, rest: Partial<Operation> & { outcome?: Outcome } = {}): Operation {
  return {
    part: { id: 1, verb: "set", key: "k1", ...part },
    client: 0,
    how: "call",
    group: part.id ?? 1,
    called: 0,
    calledAt: 0,
    limit: 100,
    settled: 10,
    settledAt: 10,
    outcome: { value: "OK" },
    settlements: 1,
    executions: [5],
    states: [],
    heardAt: 0,
    ...rest,
  };
}

function history(operations: Operation[], rest: Partial<History> = {}): History {
  return {
    scenario: SCENARIO,
    operations,
    subscribers: [],
    published: [],
    consumers: [],
    served: [],
    owners: [],
    added: [],
    flushes: [],
    times: [],
    sleeps: [],
    closedAt: new Map(),
    goneAt: new Map(),
    faults: [],
    ...rest,
  };
}

const failed = (executed: "no" | "yes" | "unknown"): Outcome => ({ error: new Error("x"), executed });

describe("judges", () => {
  it("of what was executed", () => {
    assert.deepEqual(
      judgeExecuted(history([operation({}), operation({ id: 2 }, { outcome: failed("unknown") })])),
      [],
    );
    const wrong = [
      operation({}, { executions: [] }),
      operation({}, { executions: [5, 6] }),
      operation({}, { executions: [11] }),
      operation({}, { outcome: failed("no") }),
      operation({}, { outcome: failed("unknown"), executions: [5, 6] }),
      operation({}, { outcome: failed("yes"), executions: [] }),
    ];
    for (const one of wrong) assert.equal(judgeExecuted(history([one])).length, 1, JSON.stringify(one));
    const lost = { error: new ConnectionError("x", { executed: "unknown" }), executed: "unknown" } as const;
    const unsent = operation({}, { outcome: lost, executions: [] });
    assert.match(judgeExecuted(history([unsent])).join(), /nothing of it was sent/);
    assert.deepEqual(judgeExecuted(history([{ ...unsent, written: true }])), []);
  });

  it("of deadlines", () => {
    assert.deepEqual(judgeDeadlines(history([operation({})])), []);
    assert.equal(judgeDeadlines(history([operation({}, { settledAt: 200 })])).length, 1);
    assert.equal(judgeDeadlines(history([operation({}, { settlements: 2 })])).length, 1);
    assert.equal(judgeDeadlines(history([operation({}, { outcome: undefined, settlements: 0 })])).length, 1);
    const sleeps = [{ at: 50, ms: 100 }];
    assert.deepEqual(judgeDeadlines(history([operation({}, { settledAt: 200 })], { sleeps })), []);
    const gone = (at: number): Partial<History> => ({ goneAt: new Map([[0, at]]) });
    const late = operation({}, { settledAt: 50 });
    assert.equal(judgeDeadlines(history([late], gone(5))).length, 1);
    assert.deepEqual(judgeDeadlines(history([late], gone(50))), []);
  });

  it("of order", () => {
    const first = operation({ id: 1 }, { executions: [7] });
    assert.equal(judgeOrder(history([first, operation({ id: 2 }, { executions: [6] })])).length, 1);
    assert.deepEqual(judgeOrder(history([first, operation({ id: 2 }, { executions: [8] })])), []);
    assert.deepEqual(
      judgeOrder(history([first, operation({ id: 2 }, { executions: [6], how: "lease" })])),
      [],
    );
    const pipelined = operation({ id: 2 }, { executions: [6], how: "pipeline" });
    assert.equal(judgeOrder(history([first, pipelined])).length, 1);
    assert.deepEqual(judgeOrder(history([pipelined, { ...first, executions: [5] }])), []);
    const read = (...executions: number[]): Operation => operation({ id: 2, verb: "range" }, { executions });
    assert.equal(judgeOrder(history([first, read(6)])).length, 1);
    assert.equal(judgeOrder(history([read(8), first])).length, 1);
    assert.deepEqual(judgeOrder(history([first, read(6, 8)])), []);
    assert.deepEqual(judgeOrder(history([read(6, 8), first])), []);
  });

  it("of errors", () => {
    const conflict = { error: new RedisError("x", { code: "WATCH_CONFLICT", executed: "no" }) };
    assert.equal(judgeErrors(history([operation({}, { how: "multi", outcome: conflict })])).length, 1);
    assert.deepEqual(judgeErrors(history([operation({}, { how: "watch", outcome: conflict })])), []);
  });

  it("of refusals in worlds without faults", () => {
    const judged = (code: string, options: OptionsPlan = {}, rest: Partial<Operation> = {}): number => {
      const error = Object.assign(new Error("no"), { code });
      const refused = operation({}, { outcome: { error, executed: "no" }, ...rest });
      const scenario: Scenario = { ...SCENARIO, clients: [{ options }] };
      return judgeRefusals(history([refused], { scenario, closedAt: new Map([[0, 20]]) })).length;
    };
    assert.equal(judged("LOADING"), 1);
    assert.equal(judged("COMMAND_TIMEOUT"), 0);
    assert.equal(judged("QUEUE_FULL"), 1);
    assert.equal(judged("QUEUE_FULL", { offlineQueue: false }), 0);
    assert.equal(judged("LOST", { maxLifetime: 1_000 }), 1);
    assert.equal(judged("LOST", { maxLifetime: 1_000 }, { how: "lease" }), 0);
    assert.equal(judged("CLOSED", {}, { settled: 30 }), 0, "the client was closed before");
  });

  it("of refusals before the first fault", () => {
    const judged = (code: string, at: number): number => {
      const error = Object.assign(new Error("raise sendQueue"), { code });
      const scenario: Scenario = {
        ...SCENARIO,
        network: { ...SCENARIO.network, capacity: 65_536 },
        clients: [{ options: { sendQueue: { maxCommands: 20 } } }],
        steps: [{ at: 0, fault: "migrate", tag: "a", which: 0, ms: 1 }, { at, fault: "kill", which: 0 }],
      };
      return judgeRefusals(history([operation({}, { outcome: { error, executed: "no" } })], { scenario }))
        .length;
    };
    assert.equal(judged("QUEUE_FULL", 20), 1);
    assert.equal(judged("REDIRECTIONS", 20), 1);
    assert.equal(judged("LOADING", 20), 0);
    assert.equal(judged("QUEUE_FULL", 5), 0);
  });

  it("of consistency", () => {
    const set = operation({ id: 1 });
    const get = (value: string | null, from: number, to: number): Operation =>
      operation({ id: 9, verb: "get" }, { called: from, settled: to, executions: [], outcome: { value } });
    assert.deepEqual(judgeConsistency(history([set, get("1:;", 11, 12)])), []);
    assert.equal(judgeConsistency(history([set, get(null, 11, 12)])).length, 1);
    assert.deepEqual(judgeConsistency(history([set, get(null, 1, 12)])), []);
    assert.deepEqual(
      judgeConsistency(history([set, get(null, 21, 22)], { flushes: [{ event: 20, at: 0 }] })),
      [],
    );
    // A read that ran on a lost connection, too, may have its reply from either.
    const range = (executions: readonly number[]): Operation =>
      operation({ id: 8, verb: "range" }, {
        called: 1,
        settled: 40,
        executions: [...executions],
        outcome: { value: "1:;" },
      });
    const later = operation({ id: 2 }, { executions: [20] });
    assert.deepEqual(judgeConsistency(history([set, later, range([19, 21])])), []);
    assert.equal(judgeConsistency(history([set, later, range([21])])).length, 1);
    const watched = operation({ id: 3 }, { how: "watch", seen: "1:;", executions: [8] });
    assert.deepEqual(judgeConsistency(history([set, watched])), []);
    const between = operation({ id: 2 }, { executions: [6] });
    assert.equal(judgeConsistency(history([set, between, watched])).length, 1);
  });

  it("of subscriptions", () => {
    const last = MARKERS;
    const published = [1, 2, last].map((id, at) => ({ id, channel: "c", event: at * 10 + 10 }));
    const judged = (heard: readonly (number | "gap")[], confirmed = 5): number =>
      judgeSubscriptions(history([], {
        published,
        subscribers: [{
          id: 1,
          client: 0,
          channels: ["c"],
          pattern: false,
          confirmed,
          ended: Infinity,
          failed: undefined,
          heard: heard.map((id) => id === "gap" ? id : { id, channel: "c", at: 0 }),
        }],
      })).length;
    assert.equal(judged([1, 2, last]), 0);
    assert.equal(judged([1, "gap", last]), 0);
    assert.equal(judged([2, last], 15), 0);
    assert.equal(judged([1, last]), 1, "a hole");
    assert.equal(judged([2, last]), 1, "a hole behind the confirmation");
    assert.equal(judged([1, 1, 2, last]), 1, "twice");
    assert.equal(judged([2, 1, last], 15), 1, "out of order");
    assert.equal(judged([1, 2]), 1, "the end is missing");
    assert.equal(judged([1, 2, "gap"]), 1, "the end is missing in a gap");
    assert.equal(judged([1, 2, last, 4]), 1, "never published");
  });

  it("of single replies where servers lose writes", () => {
    const scenario: Scenario = {
      ...SCENARIO,
      clients: [{ options: {} }, { options: {} }],
      topology: "sentinel",
      servers: { masters: 1, replicas: 1, lag: 5, gossip: 0 },
      steps: [{ at: 0, fault: "pause", which: 0, ms: 1 }],
    };
    const judged = (operations: Operation[], served: Served[] = []): number =>
      judgeReplies(history(operations, { scenario, owners: [0, 0], served })).length;
    const append = (value: number): Operation =>
      operation({ id: 1, verb: "append" }, { executions: [5], states: ["12"], outcome: { value } });
    assert.equal(judged([append(5)]), 0);
    assert.equal(judged([append(3)]), 1, "the length is another");
    const read = (value: string): Operation => operation({ id: 2, verb: "get" }, { outcome: { value } });
    const reply: Served = { key: "k1", value: "x", owner: 0, event: 5, replica: false };
    assert.equal(judged([read("x")], [reply]), 0);
    assert.equal(judged([read("y")], [reply]), 1, "no server said so");
    assert.equal(judged([read("x")], [{ ...reply, event: 50 }]), 1, "only later");
    assert.equal(judged([read("x")], [{ ...reply, owner: 1 }]), 1, "to another client");
    assert.equal(judged([], [{ ...reply, replica: true }]), 1, "a replica said so");
  });

  it("of acknowledged writes", () => {
    const judged = (have: number | undefined): number =>
      judgeReplicas(history([operation({ id: 1 }, { replicas: { wanted: 1, have } })])).length;
    assert.deepEqual([0, 1, 2, undefined].map(judged), [1, 0, 0, 0]);
  });

  it("of streams", () => {
    const added = [1, 2, 3].map((id) => ({ id, stream: "q", event: id * 10 }));
    const judged = (got: readonly (readonly [id: number, event: number, origin?: string])[]): number =>
      judgeStreams(history([], {
        added,
        consumers: [{
          id: 1,
          client: 0,
          stream: "q",
          consumer: "one",
          claims: false,
          began: 0,
          got: got.map(([id, event, origin = "new"]) => ({ id, event, origin })),
          acked: [{ id: 1, event: 50 }],
          ended: Infinity,
          failed: undefined,
        }],
      })).length;
    assert.equal(judged([[1, 40], [2, 41], [3, 42]]), 0);
    assert.equal(judged([[1, 40], [2, 41]]), 1, "one is missing");
    assert.equal(judged([[1, 40], [3, 41], [2, 42]]), 1, "out of order");
    assert.equal(judged([[1, 40], [3, 41], [2, 42, "pending"]]), 0);
    assert.equal(judged([[1, 40], [2, 41], [2, 42, "pending"], [3, 43]]), 1, "twice");
    assert.equal(judged([[1, 60], [2, 61], [3, 62]]), 1, "after its acknowledgement");
    assert.equal(judged([[1, 5], [2, 41], [3, 42]]), 1, "before it was added");
  });

  it("of streams, where a consumer begins again while its earlier run acknowledges what it has in hand", () => {
    const run = (id: number, began: number, acked: number[], got: number[]) => ({
      ...{
        id,
        began,
        client: 0,
        stream: "q",
        consumer: "one",
        claims: false,
        ended: Infinity,
        failed: undefined,
      },
      got: got.map((event) => ({ id: 1, event, origin: "pending" })),
      acked: acked.map((event) => ({ id: 1, event })),
    });
    const judged = (began: number): number =>
      judgeStreams(history([], {
        added: [{ id: 1, stream: "q", event: 10 }],
        consumers: [run(1, 0, [50], [20]), run(2, began, [], [60])],
      })).length;
    assert.equal(judged(40), 0);
    assert.equal(judged(55), 1);
  });
});
