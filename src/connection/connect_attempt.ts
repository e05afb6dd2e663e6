/**
 * One try to connect: opens a socket and performs the handshake.
 *
 * @module
 */
import { ConnectionError } from "../errors.ts";
import type { Reply } from "../resp/types.ts";
import { type HandshakeOptions, type HandshakeResult, performHandshake, replyMode } from "./handshake.ts";
import { abortable, type Limit } from "./time_limit.ts";
import { sendTogether } from "./command_batch.ts";
import type { Link } from "./link.ts";
import { openLink } from "./open_link.ts";
import type { LinkOptions, LinkOwner } from "./link_owner.ts";

/** The parts of a try to connect. */
export interface ConnectAttempt {
  /** The options of the link. */
  readonly options: LinkOptions;
  /** The owner of the link. Until the try has succeeded, its `lost` must abort `limit`. */
  readonly owner: LinkOwner;
  /** Ends the try when it is aborted. */
  readonly limit: Limit;
  /** Returns the identity and settings for the handshake. */
  handshake(): HandshakeOptions | Promise<HandshakeOptions>;
  /** Receives the link before the handshake. */
  opened?(link: Link): void;
  /**
   * Receives the link that is ready for commands, synchronously: it may end before a promise resolves. From now on its owner
   * handles its end.
   */
  accept(link: Link, result: HandshakeResult): void;
}

/**
 * Opens a link and performs the handshake. A try that fails or is aborted leaves no socket behind.
 *
 * @throws the reason of the limit when it is aborted, else the error of the transport or of the handshake.
 */
export async function attemptConnect(attempt: ConnectAttempt): Promise<void> {
  const { options, owner, limit: { signal } } = attempt;
  let link: Link | undefined;
  const destroy = (): void => link?.destroy(signal.reason);
  signal.addEventListener("abort", destroy, { once: true });
  try {
    signal.throwIfAborted();
    const identity = attempt.handshake();
    const handshake = identity instanceof Promise ? await abortable(identity, signal) : identity;
    const opening = openLink(options, owner, signal).then((opened) => {
      link = opened;
      // A transport may ignore the signal, or resolve in the same turn.
      if (signal.aborted) destroy();
      return opened;
    });
    const opened = await abortable(opening, signal);
    attempt.opened?.(opened);
    const result = await performHandshake(
      async (commands) => {
        // A transport may report the end of the socket in a microtask. Commands that a link gets after its end never
        // settle.
        signal.throwIfAborted();
        const replies = await sendTogether(opened, commands, replyMode);
        // The link has ended, and the errors of the replies have no other cause.
        signal.throwIfAborted();
        return replies as Reply[];
      },
      handshake,
      owner.address,
    );
    // The last reply and the end of the link may arrive together.
    signal.throwIfAborted();
    attempt.accept(opened, result);
  } catch (cause) {
    const silent = link?.dispatcher.taken === 0 && !("tls" in options.endpoint);
    const error = silent ? closedInSilence(cause) : cause;
    link?.destroy(error as Error);
    throw error;
  } finally {
    signal.removeEventListener("abort", destroy);
  }
}

/** A server that expects TLS closes plain connections without a word. */
function closedInSilence(cause: unknown): unknown {
  if (!(cause instanceof ConnectionError) || cause.code !== "LOST") return cause;
  const message = `${cause.message}; does this port expect TLS? Then use rediss://`;
  return new ConnectionError(message, { code: "LOST", executed: "no", cause });
}
