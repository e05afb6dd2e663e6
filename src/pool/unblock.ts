/**
 * Ends blocking commands when a pool closes. The server does it (CLIENT UNBLOCK), so no element is lost: a command has
 * either taken an element, and its reply arrives, or it has taken nothing.
 *
 * @module
 */
import type { Connection } from "../connection/connection.ts";
import { sleep } from "../connection/sleep.ts";

/** The milliseconds between attempts: a command may still be on its way to the server. */
const PAUSE = 10;

/**
 * Unblocks connections by means of another connection to the same server, which it then closes: an idle one, else a new
 * one, also beyond `maxConnections`. Resolves when no command blocks any more, or when the server or the rights of the
 * user do not allow it.
 */
export async function unblock(
  blocked: readonly Connection[],
  idle: Connection | undefined,
  opener: { open(signal: AbortSignal): Promise<Connection> },
): Promise<void> {
  let helper = idle;
  try {
    if (helper?.state !== "ready") helper = await opener.open(new AbortController().signal);
    const { address, options: { clock } } = helper;
    const waits = (one: Connection): boolean =>
      one.state === "ready" && one.blocks && one.address === address;
    for (let left = blocked.filter(waits); left.length > 0; left = left.filter(waits)) {
      await Promise.all(left.map(({ id }) => helper!.send(["CLIENT", "UNBLOCK", id!, "ERROR"])));
      if (left.some(waits)) await sleep(clock, PAUSE, undefined);
    }
  } catch {
    // The commands end with their own time limit, or with `closeGrace`.
  } finally {
    await helper?.close();
  }
}
