/**
 * Opens the socket of a link.
 *
 * @module
 */
import { ConnectionError } from "../errors.ts";
import type { Socket } from "../transport.ts";
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
  let link: Link | undefined = undefined as Link | undefined;
  // A transport should report nothing before it returns its socket; events that arrive earlier are kept.
  const earlyChunks: Uint8Array[] = [];
  let early: Error | undefined;
  let socket: Socket;
  try {
    socket = await transport.connect(options.endpoint, socketOptions(options, signal), {
      data: (chunk) => {
        if (link !== undefined) link.data(chunk);
        else if (earlyChunks.length < EARLY_CHUNKS) earlyChunks.push(chunk.slice());
      },
      close: (error) => {
        // A link that was closed on purpose needs no error, whose stack costs time.
        if (link?.ended) return;
        early ??= asError(error ?? new ConnectionError("the server closed it", { code: "LOST" }));
        link?.lost(early);
      },
    });
  } catch (cause) {
    throw signal.aborted ? cause : transportError(cause);
  }
  try {
    if (early !== undefined) throw early;
    signal.throwIfAborted();
    // The constructor of a user's parser may throw.
    link = new Link(socket, owner.dispatcher, options, owner);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  for (const chunk of earlyChunks) link.data(chunk);
  return link;
}
