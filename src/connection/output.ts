/**
 * Encodes and writes commands. The output owns each command from the call until the socket has its last byte.
 *
 * ```text
 *             socket free                           end of the tick
 *   enqueue -------------> arena ---------------------------------------> handed to the socket: `sent`
 *      |                                                      ^
 *      | socket busy                                          | socket free again
 *      +-----------------> arena, with marks (staged) --------+
 *      |  arena full           |                              |
 *      +-----------------> UnsentQueue (not encoded) ---------+
 *                              |
 *                              +--> aborted or expired: dropped whole, never sent
 * ```
 *
 * @module
 */
import { runSoon } from "../clock.ts";
import { checkArguments } from "../resp/arguments.ts";
import { Encoder } from "../resp/encoder.ts";
import type { Socket } from "../transport.ts";
import { AtomicBatch } from "./atomic_batch.ts";
import type { CommandSource } from "./command_source.ts";
import type { BatchSink, Pending } from "./pending.ts";
import type { Ring } from "./ring.ts";
import { type UnsentOwner, UnsentQueue } from "./unsent_queue.ts";

/**
 * The size at which encoded bytes are sent before the end of the tick, so that the server works in parallel. With
 * less, the cost of another `send` is higher than the gain. Further parts of the tick double in size, up to a whole
 * arena, so that the server stays busy and the parts stay few.
 */
const FIRST = 8_192;
/** The most bytes of one write: a slow link shows its progress by the writes that it takes. */
const PIECE = 524_288;
/** The most bytes of one write if no command waits: each further write takes a turn of the event loop. */
const WHOLE = 1_048_576;
/** A server takes about that much longer for a command than it takes to encode it and to come round to the next write. */
const SLOWER = 3;

/** Encoded bytes that wait for the socket, how many there were, and how many commands are complete when they have gone. */
interface Chunk {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly upTo: number;
  /** Memory that is given back when the chunk has gone. */
  readonly lent: Uint8Array;
}

/** The owner of an output, which receives its events. */
export interface OutputOwner extends UnsentOwner {
  /** Called when small byte arguments of a command were copied into the arena. */
  readonly encoded: ((pending: Pending, encoder: Encoder) => void) | undefined;
  /** Called when nothing can be sent any more. */
  failed(cause: unknown): void;
}

/** Encodes commands and writes them: one write a tick, or a few where there is much. */
export class Output {
  /** Encodes into the arena. The next `flush` sends its content. */
  readonly encoder: Encoder;
  /** The commands that wait, not encoded, until the socket takes bytes again. */
  readonly unsent: UnsentQueue;
  /** The number of encoded commands. */
  encoded = 0;
  /** The number of commands written to the socket: the others cannot have been executed. */
  sent = 0;
  /** The number of writes that the socket accepted after it was busy. */
  taken = 0;
  #progress: (() => void)[] = [];
  /** The number of bytes in the arena from which `flushEarly` pays. */
  early = FIRST;
  /** Whether the socket is busy, or a source in `unsent` waits for replies; new commands wait in `unsent`. */
  busy = false;
  readonly #socket: Socket;
  readonly #replies: Ring<Pending>;
  readonly #owner: OutputOwner;
  /** The socket has not accepted all bytes of the last write. */
  #blocked = false;
  /** The rest of a command or batch that has been written in part. */
  #backlog: Chunk[] = [];
  #backlogBytes = 0;
  #ended = false;
  #encoding = false;
  /** The number of commands in the arena that can still be dropped; they are the newest pending replies. */
  staged = 0;
  /** The start of each of those commands; the array is reused. */
  readonly #starts: number[] = [];

  /** Writes to `socket`; a command joins `replies` when it is encoded. */
  constructor(socket: Socket, replies: Ring<Pending>, owner: OutputOwner) {
    this.#socket = socket;
    this.#replies = replies;
    this.#owner = owner;
    this.encoder = new Encoder((bytes) => this.#put(bytes, this.encoded));
    this.unsent = new UnsentQueue(owner);
  }

  /** Whether the socket has not accepted all bytes of the last write. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** The approximate number of bytes that the socket has not accepted, including commands that are not encoded. */
  get waiting(): number {
    return this.encoder.length + this.#backlogBytes + this.unsent.bytes;
  }

  /** The number of commands that have not been written. */
  get unsentCommands(): number {
    return this.encoded - this.sent + this.unsent.commands;
  }

  /**
   * Queues a command until the socket takes bytes again.
   *
   * @throws {TypeError} for an argument that cannot be sent; the command is then not queued.
   */
  defer(pending: Pending): void {
    const { spec, args } = pending.command;
    if (this.unsent.commands === 0) {
      const at = this.encoder.length;
      if (this.encoder.commandIfItFits(spec.head, spec.words, args)) {
        this.#starts[this.staged++] = at;
        // It may move within the arena.
        this.encoder.copiedAt = -1;
        return this.#encodedOne(pending);
      }
    }
    if (spec.words + args.length === 0) {
      throw new TypeError("Cannot send a command without a name: there are no arguments");
    }
    checkArguments(args, spec.head);
    this.unsent.push(pending);
  }

  /** Queues the commands of a source; what comes later waits behind them. */
  enqueueSource(source: CommandSource): void {
    this.unsent.push(source.head!, source);
    this.busy = true;
    this.flush();
  }

  /** A source may send more. */
  proceed(): void {
    if (this.busy && !this.#blocked && !this.#encoding) this.#encodeUnsent();
  }

  /** Encodes a batch, or queues it until the socket takes bytes again. It is sent whole or not at all. */
  enqueueBatch(batch: AtomicBatch): void {
    batch.check();
    if (this.busy) this.unsent.push(batch);
    else this.#encodeBatch(batch);
  }

  /** Rejects the commands that report to `sink` and have not been sent, with `reason`. */
  withdraw(sink: BatchSink, reason: unknown): void {
    const reject = (pending: Pending): void => {
      if (pending.reportsTo(sink)) pending.reject(reason);
    };
    const { length } = this.#replies;
    for (let index = length - this.staged; index < length; index++) reject(this.#replies.at(index)!);
    if (this.unsent.commands === 0) return;
    this.unsent.forEach(reject);
    this.unsent.sweep();
  }

  /** Writes the encoded bytes before the end of the tick. */
  flushEarly(): void {
    this.early *= 2;
    this.flush();
  }

  /** Writes the encoded bytes, unless the socket is busy. */
  flush(): void {
    if (this.#blocked) return;
    const bytes = this.encoder.take();
    if (bytes.length > 0) this.#write(bytes, this.encoded);
  }

  /**
   * Sends the rest at the end of a tick. A socket whose writes are promises takes one part a tick; that part is a
   * third of the rest, to keep the server busy during the encoding.
   */
  flushTick(): void {
    this.flush();
    this.early = this.busy ? Math.max(this.waiting / SLOWER, FIRST) : FIRST;
  }

  /** Stops sending, and returns the commands and sources that have not been encoded. */
  end(): (Pending | CommandSource)[] {
    this.#ended = this.#blocked = this.busy = true;
    runSoon(() => this.#tellProgress());
    this.#backlog = [];
    this.#backlogBytes = this.staged = 0;
    return this.unsent.drain();
  }

  /** Calls back once, when the socket has accepted bytes or nothing is sent any more. */
  onProgress(listener: () => void): void {
    this.#progress.push(listener);
  }

  #tellProgress(): void {
    for (const listener of this.#progress.splice(0)) listener();
  }

  #encodeBatch({ members, bytes }: AtomicBatch): void {
    if (bytes !== undefined) {
      // Counted first: bytes that are too big to be copied are written at once.
      for (const pending of members) this.#encodedOne(pending);
      return this.encoder.raw(bytes);
    }
    for (const pending of members) this.#encode(pending);
  }

  #encode(pending: Pending): void {
    const { spec, args } = pending.command;
    this.encoder.command(spec.head, spec.words, args);
    this.#encodedOne(pending);
  }

  #encodedOne(pending: Pending): void {
    this.encoded++;
    if (this.encoder.copied) this.keepArguments(pending);
    this.#replies.push(pending);
  }

  /** Reports a command whose small byte arguments were copied into the arena: a retry needs them as they are now. */
  keepArguments(pending: Pending): void {
    this.encoder.copied = false;
    this.#owner.encoded?.(pending, this.encoder);
  }

  #put(bytes: Uint8Array, upTo: number): void {
    const most = bytes.length <= WHOLE && this.unsent.commands === 0 ? WHOLE : PIECE;
    let at = 0;
    for (; bytes.length - at > most; at += PIECE) {
      const piece = bytes.subarray(at, at + PIECE);
      this.#putPiece(piece, upTo, piece);
    }
    this.#putPiece(at === 0 ? bytes : bytes.subarray(at), upTo, bytes);
  }

  #putPiece(bytes: Uint8Array, upTo: number, lent: Uint8Array): void {
    if (!this.#blocked) return this.#write(bytes, upTo, lent);
    const { length } = bytes;
    this.#backlog.push({ bytes, length, upTo, lent });
    this.#backlogBytes += length;
  }

  #write(bytes: Uint8Array, upTo: number, lent: Uint8Array = bytes): void {
    this.sent = upTo;
    let taken: void | Promise<void>;
    try {
      taken = this.#socket.write(bytes);
    } catch (error) {
      return this.#fail(error);
    }
    if (taken === undefined) return this.encoder.give(lent);
    this.#blocked = this.busy = true;
    taken.then(() => this.#resume(lent), (error) => this.#fail(error));
  }

  /** Reports a failed write, later: this may be the middle of a command, which then counts as queued. */
  #fail(cause: unknown): void {
    this.#blocked = this.busy = true;
    runSoon(() => this.#owner.failed(cause));
  }

  /** Continues when the socket accepts bytes again: with the rest of a command, then with waiting commands. */
  #resume(lent: Uint8Array): void {
    if (this.#ended) return;
    this.encoder.give(lent);
    this.taken++;
    this.#blocked = false;
    if (this.#progress.length > 0) runSoon(() => this.#tellProgress());
    const backlog = this.#backlog;
    for (let index = 0; index < backlog.length; index++) {
      const chunk = backlog[index]!;
      this.#backlogBytes -= chunk.length;
      if (chunk.bytes.length !== chunk.length) {
        // The header of the value has been sent: the server would read later bytes as part of the value.
        const message = "A Uint8Array was transferred or resized while it waited to be sent";
        return this.#fail(new TypeError(message));
      }
      this.#write(chunk.bytes, chunk.upTo, chunk.lent);
      if (this.#blocked) {
        this.#backlog = backlog.slice(index + 1);
        return;
      }
    }
    this.#backlog = [];
    this.#dropStaged();
    this.#encodeUnsent();
  }

  /** Removes settled commands from the arena and from the pending replies. */
  #dropStaged(): void {
    const count = this.staged;
    const { length } = this.#replies;
    this.staged = 0;
    let index = length - count;
    while (index < length && !this.#replies.at(index)!.done) index++;
    if (index === length) return;
    const staged = this.#replies.takeNewest(count);
    this.encoder.cut(this.#starts, count, (at) => staged[at]!.done);
    this.encoded -= count;
    for (const pending of staged) {
      if (pending.done) this.#owner.dropped(pending);
      else this.#encodedOne(pending);
    }
  }

  /** Encodes and writes until the socket is busy again or nothing is left. Commands that come meanwhile queue behind. */
  #encodeUnsent(): void {
    this.#encoding = true;
    while (!this.#blocked) {
      const item = this.unsent.shift();
      if (item === undefined) break;
      const before = this.encoded;
      try {
        if (item instanceof AtomicBatch) {
          item.check();
          this.#encodeBatch(item);
        } else {
          this.#encode(item);
        }
      } catch (error) {
        for (const pending of item instanceof AtomicBatch ? item.members : [item]) pending.reject(error);
        // A refused argument leaves nothing in the arena. Any other error may leave part of a command there.
        if (!(error instanceof TypeError) || this.encoded !== before) {
          this.#encoding = false;
          return this.#fail(error);
        }
        this.#owner.dropped(item);
      }
    }
    this.#encoding = false;
    if (this.#blocked) return;
    this.busy = this.unsent.commands > 0;
    this.flush();
  }
}
