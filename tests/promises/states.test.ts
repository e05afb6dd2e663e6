/**
 * Calls in every state of the connection: commands settle, report the truth, and leave no resource behind.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConnectionPoolBase } from "../../base.ts";
import type { RedisOptions } from "../../mod.ts";
import { ErrorReply } from "../harness/resp.ts";
import type { ScriptedPeerOptions } from "../harness/scripted_peer.ts";
import { checkActions, incr } from "./load.ts";
import { closeClean, Follower, reader, settleAll, type Stage, stage } from "./support.ts";

const NEVER: Promise<void> = new Promise(() => {});

/** A state, and how a client comes into it before and after its first commands. */
interface Phase {
  readonly scripted?: ScriptedPeerOptions;
  /** Bytes taken before writes have to wait. */
  readonly highWaterMark?: number;
  /** Connect before the commands, then do this. */
  readonly ready?: (set: Stage) => void;
}

const phases: Readonly<Record<string, Phase>> = {
  "connecting": { scripted: { onConnection: () => NEVER } },
  "shaking hands": { scripted: { script: () => undefined } },
  "waiting to reconnect": {
    scripted: {
      onConnection: () => {
        throw new Error("refused");
      },
    },
  },
  "waiting for a reply": { ready: ({ peer }) => peer.last.freeze("toClient") },
  "behind a peer that reads nothing": { ready: ({ peer }) => peer.last.freeze("toPeer"), highWaterMark: 8 },
  "waiting for a repeat": {
    ready: ({ peer }) => {
      peer.script = ([name], connection) =>
        name === "INCR"
          ? new ErrorReply("LOADING Redis is loading the dataset in memory")
          : connection.serve();
    },
  },
  "just written": { ready: () => {} },
};

const actions: Readonly<Record<string, (set: Stage, controller: AbortController) => unknown>> = {
  "an abort": (_, controller) => controller.abort(new Error("enough")),
  "the deadline": () => {},
  "close()": ({ redis }) => redis.close(),
  "disconnect() of the pool": ({ redis }) => redis.pool.disconnect(),
  "reset() of the pool": ({ redis }) => redis.pool.reset(),
  "close() of the pool": ({ redis }) => redis.pool.close(),
  "a cut": ({ peer }) => peer.open.forEach((connection) => connection.reset()),
  "an abort and close() at once": ({ redis }, controller) => {
    controller.abort(new Error("enough"));
    return redis.close();
  },
  "a cut and close() at once": ({ redis, peer }) => {
    peer.open.forEach((connection) => connection.reset());
    return redis.close();
  },
};

async function meet(
  phase: Phase,
  act: (typeof actions)[string],
  options: RedisOptions<ConnectionPoolBase>,
): Promise<void> {
  const set = stage(
    { commandTimeout: 2_000, connectTimeout: 1_000, closeGrace: 1_500, ...options },
    phase.scripted,
    phase.highWaterMark === undefined ? {} : { highWaterMark: phase.highWaterMark },
  );
  const { clock, redis } = set;
  if (phase.ready !== undefined) {
    const connecting = new Follower(redis.connect());
    await settleAll(clock, [connecting]);
    phase.ready(set);
  }
  const controller = new AbortController();
  const limited = redis.with({ signal: controller.signal });
  const running = [incr(limited, "a"), incr(redis, "b"), incr(limited, "c")];
  await clock.settle();
  const late = incr(redis, "late");
  const acted = act(set, controller);
  const after = acted === undefined ? [] : [new Follower(Promise.resolve(acted))];
  const all = [...running, late];
  await settleAll(clock, [...all.map(({ follower }) => follower), ...after]);
  const aborted = controller.signal.aborted;
  for (const [index, { follower }] of running.entries()) {
    const { outcome } = follower;
    if (!aborted || index === 1 || !("error" in outcome!)) continue;
    assert.equal(outcome.error, controller.signal.reason, "an abort rejects with its reason");
  }
  const rest = all.filter(({ follower }) =>
    !("error" in follower.outcome! && follower.outcome.error === controller.signal.reason)
  );
  await checkActions(rest, reader(set), "");
  await closeClean(set);
}

for (const [state, phase] of Object.entries(phases)) {
  describe(`a command that is ${state}`, () => {
    for (const [name, act] of Object.entries(actions)) {
      for (const multiplex of [true, false]) {
        it(`meets ${name}${multiplex ? "" : ", without a shared connection"}`, async () => {
          await meet(phase, act, { multiplex });
        });
      }
    }
  });
}
