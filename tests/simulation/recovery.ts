/**
 * The second part of a world: all faults end, and everything must be in order again.
 *
 * @module
 */
import { MaxConnectionsError } from "../../mod.ts";
import type { Calls } from "./calls.ts";
import { owedBy } from "./judges/streams.ts";
import { MARKERS } from "./judges/subscriptions.ts";
import type { Part } from "./scenario.ts";
import type { World } from "./world.ts";

/** Milliseconds in which all must be in order again when nothing goes wrong any more. */
const RECOVERY = 90_000;

/** The limit of calls that must succeed: a slow network and new connections take less. */
const PATIENT = 6_000;

/** Ends all faults, and checks that all calls settle and each client works again. */
export async function recover(world: World, calls: Calls): Promise<void> {
  const { network, topology, time, recorder } = world;
  network.heal();
  topology.heal();
  for (const server of topology.servers) server.heal();
  const until = time.now + RECOVERY;
  while (recorder.pending > 0 && time.now < until) await time.skip(500);
  await probe(world);
  // The last subscriptions stand again by then.
  await time.skip(20_000);
  for (const [client, part] of markers(world)) {
    calls.begin({ do: "call", client, part, timeout: PATIENT });
    // Its client is loaded by its first use.
    if (world.scenario.topology === "sentinel") world.loading();
  }
  await time.skip(PATIENT + 1_000);
  for (const { what, since } of world.waits) {
    world.history.faults.push(`settling: waited for ${what} from ${since} ms to the end`);
  }
  for (const operation of world.history.operations) {
    const error = operation.outcome?.error;
    // Calls without a shared connection may need more connections at once than there may be.
    if (
      operation.part.id >= MARKERS && error !== undefined && !(error instanceof MaxConnectionsError)
    ) {
      world.history.faults.push(`recovery: refused although all is in order: ${error}`);
    }
  }
}

/**
 * Milliseconds in which a client without an offline queue must have reconnected: a connect that still hangs takes its
 * limit of up to 5,000, and the wait before the next one up to 5,000.
 */
const RECONNECTED = 15_000;

/** Checks that each open client works. */
async function probe(world: World): Promise<void> {
  for (const [at, client] of world.clients.entries()) {
    const { redis } = client;
    if (client.closing !== undefined) continue;
    let last: unknown;
    let works = false;
    const until = world.time.now + RECONNECTED;
    for (let tries = 0; !works && (tries < 10 || world.time.now < until); tries++) {
      let settled = false;
      world.loading();
      redis.with({ timeout: PATIENT }).set(`probe${at}`, "x").then(
        () => works = true,
        (error) => last = error,
      )
        .finally(() => settled = true);
      for (let rounds = 0; !settled && rounds < 20; rounds++) await world.time.skip(500);
    }
    // A late step may have closed it meanwhile.
    const judged = !works && client.closing === undefined;
    if (judged) world.history.faults.push(`recovery: client ${at} does not work again: ${last}`);
  }
}

/** Returns the last calls, with their clients: a message to each channel, and three writes of each open client. */
function markers({ clients, history, scenario }: World): [client: number, part: Part][] {
  const found: [number, Part][] = [];
  const channels = new Set(history.subscribers.flatMap((one) => one.channels));
  // A host name may have led some connections of a pool to a replica, which accepts a message and keeps it to itself. Only
  // a refused write shows that.
  const first = clients.findIndex(({ closing }, at) => {
    const { named, options } = scenario.clients[at]!;
    return closing === undefined && !(named && options.multiplex === false);
  });
  for (const channel of first < 0 ? [] : channels) {
    const verb = /^s\d/.test(channel) ? "spublish" as const : "publish" as const;
    // All patterns of worlds have this channel.
    const key = /[*?[]/.test(channel) ? "c0" : channel;
    found.push([first, { id: MARKERS + found.length, verb, key }]);
  }
  for (const [at, { closing }] of clients.entries()) {
    for (let more = 0; closing === undefined && more < 3; more++) {
      found.push([at, { id: MARKERS + found.length, verb: "append", key: `k-${at}` }]);
    }
  }
  return found;
}

/** Consumers get and acknowledge all that they owe: a lost reply is found by a pass that may be a minute away. */
export async function emptyStreams({ history, topology, time }: World): Promise<void> {
  const streams = new Set(history.consumers.map(({ stream }) => stream));
  let owed: string[] = [];
  for (let rounds = 0; rounds < 40 && streams.size > 0; rounds++) {
    owed = [...streams].flatMap((stream) => owedBy(history, stream, topology.home(stream)));
    if (owed.length === 0) return;
    await time.skip(3_000);
  }
  for (const one of owed) history.faults.push(`streams: ${one}`);
}
