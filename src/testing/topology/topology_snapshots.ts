/**
 * Snapshots of topologies: the servers with their data, their places in the topology, and the writes that are on
 * their way to replicas.
 *
 * @module
 */
import { after } from "../dispatch.ts";
import { stateOf } from "../server.ts";
import type { Snapshot } from "../snapshot.ts";
import type { ServerTime } from "../time.ts";
import type { Host, Network } from "./network.ts";
import { remember } from "./remember.ts";
import type { ReplicationLink } from "./replication_link.ts";

/** A server that may be a replica. */
export interface Linked extends Host {
  /** The way to its master. */
  link?: ReplicationLink | undefined;
}

/** The parts of a topology that its snapshots need. */
export interface SnapshotParts<H extends Linked> {
  /** The servers. */
  readonly network: Network<H>;
  /** Their time. */
  readonly time: ServerTime;
  /** Remembers what the servers know. Returns a function that restores it. */
  remember(): () => void;
  /** Called when everything was restored: sets the alarms for what is due. */
  resume(): void;
}

/** A server at the time of a snapshot. */
interface Saved<H> {
  readonly host: H;
  readonly data: Snapshot;
  readonly up: boolean;
  readonly restore: () => void;
}

class TopologySnapshot<H extends Linked> implements Snapshot {
  readonly takenAt: number;
  readonly offset: number;
  readonly servers: readonly Saved<H>[];
  readonly restore: () => void;

  constructor({ network, time, remember: rememberTopology }: SnapshotParts<H>) {
    this.takenAt = time.now();
    this.offset = time.offset;
    this.servers = network.hosts.map(save);
    const undo = [network.remember(), rememberTopology()];
    this.restore = () => undo.forEach((one) => one());
  }

  discard(): void {
    for (const { data } of this.servers) data.discard();
  }

  [Symbol.dispose](): void {
    this.discard();
  }
}

function save<H extends Linked>(host: H): Saved<H> {
  const { replication } = stateOf(host.server);
  const { link, up } = host;
  const undo = [
    remember(host, ["up"]),
    remember(replication, ["id", "offset", "counts", "master", "linked"]),
    remember(stateOf(host.server), ["expires"]),
    ...link === undefined ? [] : [link.remember()],
  ];
  return {
    host,
    up,
    data: host.server.snapshot(),
    restore() {
      if ("link" in host) host.link = link;
      undo.forEach((one) => one());
    },
  };
}

/** The snapshots of a topology, the earliest first. */
export class TopologySnapshots<H extends Linked> {
  readonly #parts: SnapshotParts<H>;
  readonly #taken: TopologySnapshot<H>[] = [];

  /** Begins without snapshots. */
  constructor(parts: SnapshotParts<H>) {
    this.#parts = parts;
  }

  /** Takes one. */
  take(): Snapshot {
    const snapshot = new TopologySnapshot(this.#parts);
    this.#taken.push(snapshot);
    return snapshot;
  }

  /** Goes back to one, which can be restored again; those taken later are gone.
   *
   * @throws {TypeError} for a snapshot of another topology, or one that is gone. */
  restore(snapshot: Snapshot): void {
    const index = this.#taken.indexOf(snapshot as TopologySnapshot<H>);
    if (index < 0) {
      throw new TypeError(
        "Cannot restore the snapshot: it is of another topology, or an earlier one was restored",
      );
    }
    this.#taken.length = index + 1;
    const { network, time } = this.#parts;
    const { servers, offset, restore } = this.#taken[index]!;
    for (const host of network.hosts) host.link?.disconnect();
    for (const host of [...network.hosts]) {
      const saved = servers.find((one) => one.host === host);
      if (!saved?.up) host.server.kill();
      if (saved === undefined) network.remove(host);
    }
    time.offset = offset;
    for (const { host, data } of servers) host.server.restore(data);
    restore();
    for (const saved of servers) saved.restore();
    this.#parts.resume();
    for (const { host } of servers) after(stateOf(host.server));
  }
}
