/**
 * A server process in a container with the network of this machine, the same ports and the same paths, so that tests
 * can treat it like a local process. Linux only.
 *
 * @module
 */
import process from "node:process";
import type { StartedTestContainer } from "testcontainers";
import type { Binary } from "./binaries.ts";
import { StartError } from "./daemon.ts";
import { loadTestcontainers } from "./engine.ts";
import { guard, release } from "./watchdog.ts";

const KEPT_LINES = 200;

/** A container that runs, from {@linkcode startContainerDaemon} or `startContainer`. */
export class ContainerDaemon {
  /** The number of its process on this machine. */
  readonly pid: number;
  /** The last lines of its log. */
  readonly log: readonly string[];
  readonly #id: string;
  #ended = false;

  /** Users call {@linkcode startContainerDaemon}. */
  constructor(id: string, pid: number, log: readonly string[]) {
    this.#id = id;
    this.pid = pid;
    this.log = log;
    guard(`@${id}`);
  }

  /** Sends a signal. Resolves when the container has gone, or at once for a signal that does not end it. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (this.#ended) return;
    const { getContainerRuntimeClient } = await loadTestcontainers();
    const container = (await getContainerRuntimeClient()).container.getById(this.#id);
    const ends = ["SIGKILL", "SIGTERM", "SIGINT"].includes(signal);
    if (ends) this.#ended = true;
    // SIGKILL is part of the removal.
    if (signal !== "SIGKILL") await container.kill({ signal });
    if (!ends) return;
    if (signal !== "SIGKILL") await container.wait();
    await container.remove({ force: true });
    release(`@${this.#id}`);
  }
}

/** Takes charge of a container that `testcontainers` has started. */
export async function takeOver(
  started: StartedTestContainer,
  log: readonly string[],
): Promise<ContainerDaemon> {
  const { getContainerRuntimeClient } = await loadTestcontainers();
  const { State } = await (await getContainerRuntimeClient()).container.getById(started.getId()).inspect();
  return new ContainerDaemon(started.getId(), State.Pid, log);
}

/**
 * Starts a server program in a container. Resolves when a line of its log matches `ready`.
 *
 * @param folders the folders to share
 * @throws {StartError} if it ends before.
 */
export async function startContainerDaemon(
  { image = "", path }: Binary,
  args: readonly string[],
  ready: RegExp,
  folders: readonly string[],
): Promise<ContainerDaemon> {
  const { GenericContainer, Wait } = await loadTestcontainers();
  const lines: string[] = [];
  try {
    const started = await new GenericContainer(image)
      .withNetworkMode("host")
      .withUser(`${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`)
      .withBindMounts(folders.map((folder) => ({ source: folder, target: folder })))
      .withLogConsumer((stream) => {
        stream.on("data", (line: unknown) => {
          lines.push(String(line).trimEnd());
          if (lines.length > KEPT_LINES) lines.shift();
        });
      })
      .withWaitStrategy(Wait.forLogMessage(ready))
      .withCommand([path, ...args])
      .start();
    return await takeOver(started, lines);
  } catch (error) {
    throw new StartError(`${path} in a container of ${image}`, (error as Error).message, lines);
  }
}
