/**
 * Listens to the announcements of one sentinel, over a subscription that reconnects.
 *
 * @module
 */
import { delayOf } from "../backoff.ts";
import type { Timer } from "../clock.ts";
import { BackgroundTimers } from "../connection/background_timers.ts";
import type { Connection } from "../connection/connection.ts";
import type { Reply } from "../resp/types.ts";
import type { SentinelConnection } from "./sentinel_connection.ts";

/** The announcements that clients use. */
const CHANNELS: readonly string[] = [
  "+switch-master",
  "+sdown",
  "-sdown",
  "+odown",
  "-odown",
  "+slave",
  "+sentinel",
  "+promoted-slave",
  "+monitor",
  "+convert-to-slave",
];

/** Receives the events of a sentinel. */
export interface SentinelEventListener {
  /** Called when the subscription is established. Earlier announcements were missed. */
  listening(peer: SentinelConnection): void;
  /** The sentinel announced something. */
  announced(peer: SentinelConnection, channel: string, message: string): void;
}

const utf8 = new TextDecoder();

/** A subscription to the announcements of one sentinel. */
export class SentinelEvents {
  readonly #peer: SentinelConnection;
  readonly #owner: SentinelEventListener;
  #connection: Connection;
  readonly #timers: BackgroundTimers;
  #timer: Timer = undefined;
  #keepsProcess = true;
  #attempt = 0;
  #delay = 0;
  #stopped = false;

  /** Subscribes at once. */
  constructor(peer: SentinelConnection, owner: SentinelEventListener) {
    this.#peer = peer;
    this.#owner = owner;
    this.#connection = peer.make();
    this.#timers = new BackgroundTimers(this.#connection.options.clock);
    this.#begin();
  }

  /** Sets whether the subscription keeps the process alive. */
  keepProcess(alive: boolean): void {
    this.#keepsProcess = alive;
    this.#timers.keepProcess(alive);
    if (alive) this.#connection.ref();
    else this.#connection.unref();
  }

  /** Ends it. */
  stop(): void {
    this.#stopped = true;
    this.#timers.clear(this.#timer);
    this.#connection.disconnect();
  }

  #begin(): void {
    const connection = this.#connection;
    if (!this.#keepsProcess) connection.unref();
    connection.listen({
      push: (values) => this.#heard(values),
      closed: () => this.#again(connection),
    });
    this.#subscribe(connection).then(() => {
      this.#attempt = this.#delay = 0;
      if (!this.#stopped) this.#owner.listening(this.#peer);
    }, () => connection.disconnect());
  }

  async #subscribe(connection: Connection): Promise<void> {
    await connection.connect({ retry: false });
    await connection.send(["SUBSCRIBE", ...CHANNELS]);
  }

  #heard(values: readonly Reply[]): void {
    if (values[0] !== "message" || this.#stopped) return;
    const [, channel, message] = values.map((value) => value instanceof Uint8Array ? utf8.decode(value) : "");
    this.#owner.announced(this.#peer, channel!, message!);
  }

  #again({ options: { clock, reconnect } }: Connection): void {
    if (this.#stopped) return;
    this.#attempt++;
    this.#delay = delayOf(reconnect.backoff, this.#attempt, clock, this.#delay);
    this.#timer = this.#timers.set(() => {
      this.#connection = this.#peer.make();
      this.#begin();
    }, this.#delay);
  }
}
