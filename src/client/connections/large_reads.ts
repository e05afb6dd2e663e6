/**
 * Reads with large replies, over further connections, so that they delay no other command.
 *
 * ```text
 *   reads that had large replies before --+--> further connection: opened when needed, closed when idle
 *                                         |
 *   all other commands -------------------+--> main connection
 * ```
 *
 * Commands with the same key keep their order:
 * - A read waits until the main connection has answered earlier commands with its key: `ReadConnection.aligning`.
 * - While a read waits for its reply, later reads of its key follow it over the same connection.
 * - Other commands with its key wait until its reply arrives (`OrderedSender.holdBack()`), and commands after them.
 *
 * A read never waits for a further connection: until it is open, and after it is lost, reads use the main one.
 *
 * @module
 */
import { type Command, CommandFlag, type CommandSpec } from "../../commands/command.ts";
import { keysOf } from "../../commands/keys.ts";
import { runSoon } from "../../clock.ts";
import type { Connection } from "../../connection/connection.ts";
import type { Pending } from "../../connection/pending.ts";
import { ConnectionError, ReplyError } from "../../errors.ts";
import type { QueueStats } from "../../pool/stats.ts";
import type { BatchConnection } from "../pipeline/batch_connection.ts";
import type { CommandRouter } from "./command_router.ts";
import { formOf, hasOneKey, isPlainRead, type KnownKey, KnownKeys, nameOf } from "./known_keys.ts";
import type { MultiplexedConnection } from "./multiplexed_connection.ts";
import { OrderedSender } from "./ordered_sender.ts";
import { ReadConnection } from "./read_connection.ts";
import { ReplySizes } from "./reply_sizes.ts";
import { position, SentPositions } from "./sent_positions.ts";

/** Milliseconds after its last large reply in which a key is known. */
const KNOWN_FOR = 600_000;
/** The number of commands between two searches for keys to forget. */
const SWEEP = 4_096;

/** A read on a further connection. */
interface Read {
  readonly key: KnownKey;
  /** The name of the key. */
  readonly name: string;
  readonly connection: ReadConnection;
  readonly form: string;
  /** Whether its reply arrives and is large. Then the server has run it. */
  large: boolean;
  /** Whether a command that may write its key was sent since. */
  passed: boolean;
}

/** Chooses the connection of each command by the sizes of earlier replies. */
export class LargeReads implements CommandRouter {
  readonly #main: MultiplexedConnection;
  readonly #known: KnownKeys = new KnownKeys();
  readonly #sizes: ReplySizes = new ReplySizes();
  /** Reads whose replies are large. */
  readonly #seenLarge: WeakSet<Pending> = new WeakSet();
  #connections: ReadConnection[] = [];
  readonly #reads: Map<Pending, Read> = new Map();
  /** The keys whose reads commands on the main connection wait for. */
  readonly #awaited: Set<KnownKey> = new Set();
  readonly #positions: SentPositions;
  #countdown = SWEEP;
  #settled: (() => void)[] = [];

  /** Takes over the commands of the main connection. */
  constructor(main: MultiplexedConnection) {
    this.#main = main;
    this.#positions = new SentPositions(main);
    main.large = (pending) => this.#large(pending);
    main.released = () => this.#positions.noteAll();
    main.listen({
      ready() {},
      push() {},
      // The server may be another one.
      lost: () => {
        for (const one of this.#connections) one.retire();
        this.#dropRetired();
      },
    });
  }

  /** @inheritdoc */
  get connections(): Connection[] {
    return this.#connections.flatMap(({ sender }) => sender?.connection ?? []);
  }

  /** @inheritdoc */
  get waiting(): number {
    return this.#connections.reduce((sum, { sender }) => sum + (sender?.waiting ?? 0), 0);
  }

  /** @inheritdoc */
  get load(): QueueStats {
    const sum = { offline: 0, offlineBytes: 0, unsent: 0, unsentBytes: 0, inFlight: 0 };
    for (const { sender } of this.#connections) {
      if (sender === undefined) continue;
      const { load } = sender;
      for (const name of Object.keys(sum) as (keyof QueueStats)[]) sum[name] += load[name];
    }
    return sum;
  }

  /** Records the command of a large reply on the main connection. */
  learn(pending: Pending): void {
    const main = this.#main;
    const command = pending.command as Command;
    if (main.tracked || !isPlainRead(command)) return;
    this.#seenLarge.add(pending);
    const name = nameOf(command.args[0]);
    const key = this.#known.add(name);
    if (key === undefined) return;
    key.usedAt = main.clock.now();
    this.#record(key, name, formOf(command), true);
    // Earlier commands with this key may be on their way.
    this.#positions.noteAll();
    main.router = this;
  }

  /** @inheritdoc */
  submit(pending: Pending): void {
    const main = this.#main;
    const command = pending.command as Command;
    if (--this.#countdown === 0) this.#sweep();
    if (!hasOneKey(command.spec)) {
      this.#awaitReadsOf(command);
      main.submit(pending);
      if (usesKeys(command.spec)) this.#positions.noteAll();
      return;
    }
    const name = nameOf(command.args[0]);
    const plain = isPlainRead(command);
    const key = this.#known.find(name) ?? (plain ? this.#predict(name, pending) : undefined);
    if (key === undefined) return main.submit(pending);
    if (key.reads > 0 && !this.#haveRun(key, !plain)) {
      // A command with this key may wait for these reads.
      if (plain && this.#mayFollow(key)) return this.#read(pending, name, key, key.connection!);
      this.#await(key);
    } else if (plain && key.expectsLarge(formOf(command))) {
      const connection = this.#connectionFor(key);
      if (connection !== undefined) return this.#read(pending, name, key, connection);
    }
    main.submit(pending);
    this.#positions.note(key);
  }

  /** @inheritdoc */
  forBatch(commands: readonly Command[]): BatchConnection {
    const main = this.#main;
    return {
      clock: main.clock,
      ordered: true,
      submitBatch: (batch) => {
        for (const command of commands) this.#awaitReadsOf(command);
        main.submitBatch(batch);
        this.#positions.noteAll();
      },
    };
  }

  /** @inheritdoc */
  takeWaiting(): Pending[] {
    const taken = this.#connections.flatMap(({ sender }) => sender?.takeWaiting() ?? []);
    for (const pending of taken) {
      if (pending.sender instanceof OrderedSender) pending.sender = this.#main;
      this.#forget(pending, false);
    }
    if (taken.length > 0) runSoon(() => this.#look());
    return taken;
  }

  /** @inheritdoc */
  returned(pending: Pending): void {
    if (!this.#reads.has(pending)) return;
    this.#forget(pending, false);
    this.#look();
  }

  /** @inheritdoc */
  refusal(pending: Pending, error: Error): Error | undefined {
    const passed = !(error instanceof ReplyError) && this.#reads.get(pending)?.passed === true;
    return passed ? passedError(pending) : undefined;
  }

  /** @inheritdoc */
  settled(): Promise<void> | undefined {
    if (this.#awaited.size === 0 && !this.#connections.some(({ aligning }) => aligning)) return undefined;
    return new Promise((resolve) => this.#settled.push(resolve));
  }

  /** @inheritdoc */
  async close(): Promise<void> {
    await Promise.all(this.#connections.map((one) => one.close()));
  }

  /** Returns the connection for a large read; `undefined`: the main one. */
  #connectionFor(key: KnownKey): ReadConnection | undefined {
    const main = this.#main;
    const link = main.connection?.link;
    if (main.tracked || !main.usable || link === undefined) return undefined;
    const connection = key.reads > 0 ? key.connection! : this.#leastBusy();
    if (connection?.usable !== true || connection.retiring) return undefined;
    const until = this.#positions.of(key, link);
    const drained = link.dispatcher.taken >= until || link.pending === 0;
    return drained || connection.align(until, link, position(link)) ? connection : undefined;
  }

  /** Adds a key whose family has large replies; else counts the reply for the family. */
  #predict(name: string, pending: Pending): KnownKey | undefined {
    if (!this.#sizes.mayKnow(name)) return undefined;
    const form = formOf(pending.command as Command);
    const estimate = this.#sizes.estimate(form, name);
    if (estimate?.large) {
      const key = this.#known.add(name);
      if (key === undefined) return undefined;
      key.usedAt = this.#main.clock.now();
      key.predict(form);
      // Earlier commands with this key may be on their way.
      this.#positions.note(key);
      return key;
    }
    if (estimate?.counts) {
      pending.onSettled((error) => {
        if (error !== undefined || this.#seenLarge.has(pending)) return;
        this.#sizes.record(form, name, false, this.#main.clock.now());
      });
    }
    return undefined;
  }

  /** Records the size of a reply, the first one of a key also for its family. */
  #record(key: KnownKey, name: string, form: string, large: boolean): void {
    if (key.record(form, large)) this.#sizes.record(form, name, large, this.#main.clock.now());
  }

  /** Returns the usable connection with the fewest reads. If it is busy, or there is none, opens another. */
  #leastBusy(): ReadConnection | undefined {
    let best: ReadConnection | undefined;
    let opening: ReadConnection | undefined;
    const kept = this.#connections.filter(({ retiring }) => !retiring);
    for (const one of kept) {
      if (!one.usable) opening = one;
      else if (best === undefined || one.reads < best.reads) best = one;
    }
    if (best !== undefined && best.reads === 0) return best;
    if (opening === undefined && kept.length < this.#main.pool.options.maxMultiplexed - 1) {
      opening = new ReadConnection(this.#main, {
        large: (pending) => this.#large(pending),
        aligned: ({ sender }) => {
          // Refused or lost commands are sent again later: the waiting reads follow them.
          if (this.#main.retrying) this.#sendOverMain(sender!.takeWaiting());
          this.#look();
        },
        ended: (waiting) => {
          this.#dropRetired();
          this.#sendOverMain(waiting);
        },
      });
      this.#connections.push(opening);
    }
    opening?.open();
    return best;
  }

  /** Connections that no further reads use count as long as they have reads. */
  #dropRetired(): void {
    this.#connections = this.#connections.filter(({ retiring, sender }) => !retiring || sender !== undefined);
  }

  /** Whether a read can follow the key's earlier ones: to the server of the main connection, which tracks no keys. */
  #mayFollow(key: KnownKey): boolean {
    return !this.#awaited.has(key) && !this.#main.tracked && !key.connection!.retiring;
  }

  #read(pending: Pending, name: string, key: KnownKey, connection: ReadConnection): void {
    key.connection = connection;
    key.reads++;
    connection.reads++;
    const form = formOf(pending.command as Command);
    this.#reads.set(pending, { key, name, connection, form, large: false, passed: false });
    pending.onSettled((error) => {
      this.#forget(pending, error === undefined);
      this.#look();
    });
    const sender = connection.sender!;
    // In a cluster the router, which is the sender already, sends failed commands again.
    if (pending.sender instanceof OrderedSender) pending.sender = sender;
    sender.submit(pending);
  }

  /** A read has settled, or leaves its connection. */
  #forget(pending: Pending, ok: boolean): void {
    const read = this.#reads.get(pending);
    if (read === undefined) return;
    this.#reads.delete(pending);
    const { key, name, connection, form, large } = read;
    key.reads--;
    if (ok && !large && key.expectsLarge(form) !== undefined) this.#record(key, name, form, false);
    connection.settled(ok);
  }

  /** Sends reads again whose connection is over, before commands that wait for them. */
  #sendOverMain(waiting: readonly Pending[]): void {
    for (const pending of waiting) {
      const read = this.#reads.get(pending);
      this.#forget(pending, false);
      if (read?.passed) {
        pending.reject(passedError(pending));
        continue;
      }
      if (pending.sender instanceof OrderedSender) this.#main.adopt(pending);
      else this.#main.resubmit(pending);
      if (read !== undefined) this.#positions.note(read.key);
    }
    this.#look();
  }

  /** A reply over any of the connections is large. */
  #large(pending: Pending): void {
    const read = this.#reads.get(pending);
    if (read === undefined) return this.learn(pending);
    read.large = true;
    read.key.usedAt = this.#main.clock.now();
    if (!this.#main.tracked) this.#record(read.key, read.name, read.form, true);
    this.#look();
  }

  /** Whether the server has run all reads of the key on a further connection; `writes`: so that a write may follow. */
  #haveRun(key: KnownKey, writes: boolean): boolean {
    const { sender } = key.connection!;
    const head = key.reads > 1 ? undefined : sender?.connection?.link?.dispatcher.queue.peek();
    const read = head === undefined ? undefined : this.#reads.get(head);
    if (read === undefined || read.key !== key || !read.large) return false;
    if (writes) read.passed = true;
    return true;
  }

  /** Lets commands on the main connection wait for the reads of the command's keys. */
  #awaitReadsOf(command: Command): void {
    if (this.#reads.size === 0) return;
    if (!usesKeys(command.spec)) return;
    const writes = (command.spec.flags & CommandFlag.readonly) === 0;
    const names = keysOf(command);
    if (names.length === 0) {
      // It may use any key.
      for (const key of this.#known.busy()) if (!this.#haveRun(key, writes)) this.#await(key);
      return;
    }
    for (const name of names) {
      const key = this.#known.find(nameOf(name));
      if (key !== undefined && key.reads > 0 && !this.#haveRun(key, writes)) this.#await(key);
    }
  }

  #await(key: KnownKey): void {
    this.#awaited.add(key);
    this.#main.holdBack();
  }

  /** Lets commands continue whose replies have arrived. */
  #look(): void {
    for (const key of this.#awaited) {
      if (key.reads === 0 || this.#haveRun(key, true)) this.#awaited.delete(key);
    }
    if (this.#awaited.size === 0) this.#main.proceed();
    if (this.#settled.length > 0 && this.settled() === undefined) {
      for (const resolve of this.#settled.splice(0)) resolve();
    }
  }

  #sweep(): void {
    this.#countdown = SWEEP;
    const before = this.#main.clock.now() - KNOWN_FOR;
    this.#known.forget(before);
    this.#sizes.forget(before);
    if (
      this.#known.size + this.#sizes.size === 0 &&
      this.#connections.every(({ sender }) => sender === undefined)
    ) {
      this.#main.router = undefined;
    }
  }
}

/** The error for a read whose connection is lost amid its reply, while a later write may have run. */
function passedError({ command: { spec: { name } } }: Pending): ConnectionError {
  const message =
    `The connection was lost amid the reply of ${name}, which is not sent again: a later call may have ` +
    "changed the key";
  return new ConnectionError(message, { code: "LOST", executed: "yes" });
}

/** Whether a command may use keys, which it need not name (FLUSHALL, unknown commands). */
function usesKeys({ keys, flags }: CommandSpec): boolean {
  return keys.length > 0 || (flags & (CommandFlag.write | CommandFlag.opaque)) !== 0;
}
