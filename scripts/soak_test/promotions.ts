/**
 * Promotions, announced or not: which acknowledged writes the promoted replica cannot have.
 *
 * A promoted server names the history that it continues (`master_replid2`) and how far it had followed
 * (`second_repl_offset`). If a look saw the old master at that offset or below, all writes that it acknowledged before the
 * look must exist. Later writes may be lost, until all clients have left the old master. If no look saw it there, as after
 * a restart, which begins a history, the writes since the last look at another history may be lost.
 *
 * @module
 */
import type { Server } from "../../tests/harness/types.ts";
import { field } from "../../tests/harness/wait.ts";
import { sleep } from "./dice.ts";
import type { Losses } from "./losses.ts";

/** Milliseconds between two looks. */
const INTERVAL = 50;
/** Looks that are kept for each history. */
const LOOKS = 2_000;

/** A look at a master: all that was acknowledged before `at` has at most this offset. */
interface Look {
  readonly at: number;
  readonly offset: number;
}

/** The looks at the masters of each history. */
export class Histories {
  readonly #looks: Map<string, Look[]> = new Map();
  /** The time of the last look at a master of another history, before the first one of each. */
  readonly #began: Map<string, number> = new Map();
  #lastAt = 0;

  /** Notes that the master of a history was at an offset when it was asked at that time. */
  note(history: string, look: Look): void {
    const looks = this.#looks.get(history);
    if (looks === undefined) {
      this.#looks.set(history, [look]);
      this.#began.set(history, this.#lastAt);
    } else if (looks.push(look) > LOOKS) looks.shift();
    this.#lastAt = look.at;
  }

  /** Returns the time before which all acknowledged writes of a history have a lower offset. */
  safeUntil(history: string, offset: number): number {
    const look = this.#looks.get(history)?.findLast((look) => look.offset < offset);
    return look?.at ?? this.#began.get(history) ?? this.#lastAt;
  }
}

/**
 * Watches these servers until the end. The server of `named` is the master for clients. `asleep` contains those that
 * cannot reply.
 */
export async function watchPromotions(
  servers: readonly Server[],
  asleep: ReadonlySet<Server>,
  named: () => Promise<Server>,
  losses: Losses,
  stopped: () => boolean,
): Promise<void> {
  const histories = new Histories();
  /** Servers that were replicas at the last look. */
  const replicas = new Set<Server>();
  /** Promoted and not named: the history before, and from when on writes may be lost. */
  const promoted = new Map<Server, { readonly before: string; readonly from: number }>();
  while (!stopped()) {
    const master = await named().catch(() => undefined);
    await Promise.all(servers.map(async (server) => {
      if (asleep.has(server)) return;
      const at = performance.now();
      const info = await server.cli("INFO", "replication").catch(() => "");
      const role = field(info, "role");
      if (role === "slave") {
        replicas.add(server);
        // Its own master has been found again.
        promoted.delete(server);
      }
      if (role !== "master") return;
      const history = field(info, "master_replid")!;
      losses.stillMaster(history);
      histories.note(history, {
        at,
        offset: Number(field(info, "master_repl_offset")),
      });
      if (replicas.delete(server)) {
        const before = field(info, "master_replid2")!;
        const from = histories.safeUntil(before, Number(field(info, "second_repl_offset")));
        promoted.set(server, { before, from });
      }
      const promotion = promoted.get(server);
      if (server !== master || promotion === undefined) return;
      losses.replacedSince(promotion.from, promotion.before);
      promoted.delete(server);
    }));
    await sleep(INTERVAL);
  }
}
