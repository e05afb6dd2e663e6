/**
 * Opens the socket of a link.
 *
 * @module
 */
import { ConnectionError } from "../errors.ts";
import type { Socket, SocketHandlers } from "../transport.ts";
import { asError, transportError } from "./failures.ts";
import { Link } from "./link.ts";
import { type LinkOptions, type LinkOwner, socketOptions } from "./link_owner.ts";

/** The most chunks kept until the link exists; a server sends one line at most before the first command. */
const EARLY_CHUNKS = 16;

/** Opens a socket and its link; `signal` limits the time. */
export async function openLink(options: LinkOptions, owner: LinkOwner, signal: AbortSignal): Promise<Link> {
  const { transport } = options;
  if (transport === undefined) {
    throw new TypeError("Cannot connect without a `transport`");
  }
  const early: Early = { link: undefined, chunks: undefined, end: undefined };
  let socket: Socket;
  try {
    socket = await transport.connect(options.endpoint, socketOptions(options, signal), handlersOf(early));
  } catch (cause) {
    throw signal.aborted ? cause : transportError(cause);
  }
  let link: Link;
  try {
    if (early.end !== undefined) throw early.end;
    signal.throwIfAborted();
    // The constructor of a user's parser may throw.
    link = early.link = new Link(socket, owner.dispatcher, options, owner);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  const { chunks } = early;
  early.chunks = undefined;
  for (const chunk of chunks ?? []) link.data(chunk);
  return link;
}

/** Events before the link exists: a transport should report nothing before it returns its socket. */
interface Early {
  link: Link | undefined;
  chunks: Uint8Array[] | undefined;
  /** The end of the socket. */
  end: Error | undefined;
}

/** Returns the handlers of a socket. They stay as long as the socket, so they refer to nothing else of the attempt. */
function handlersOf(early: Early): SocketHandlers {
  return {
    data: (chunk) => {
      if (early.link !== undefined) return early.link.data(chunk);
      const chunks = early.chunks ??= [];
      if (chunks.length < EARLY_CHUNKS) chunks.push(chunk.slice());
    },
    destination: () => early.link?.destination,
    close: (error) => {
      // A link that was closed on purpose needs no error, whose stack costs time.
      if (early.link?.ended) return;
      early.end ??= asError(error ?? new ConnectionError("the server closed it", { code: "LOST" }));
      early.link?.lost(early.end);
    },
  };
}
