/**
 * One direction of a connection: bytes go in at one end and come out at the other, later, in order.
 *
 * @module
 */
import type { Clock, Timer } from "../../src/clock.ts";
import type { Dice } from "../harness/dice.ts";
import type { NetworkPlan } from "./scenario.ts";

/** Time passes in such steps on the wire, so that what arrives together is one event. */
const GRAIN = 0.25;

/** Bytes at both ends of a parcel that come in small pieces. */
const FINE = 150;

interface Parcel {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Bytes on their way. */
export class Link {
  readonly #clock: Clock;
  readonly #plan: NetworkPlan;
  readonly #dice: Dice;
  readonly #deliver: (bytes: Uint8Array) => void;
  /** Milliseconds for the way. */
  readonly #latency: number;
  #parcels: Parcel[] = [];
  #head = 0;
  #timer: Timer = undefined;
  #timerAt = Infinity;
  #last = 0;
  #frozenUntil = 0;
  #held = false;
  #finish: (() => void) | undefined;
  #gone = false;
  /** Bytes on their way. */
  inFlight = 0;
  /** The number of bytes that still pass before `onCut`. */
  cutAfter = Infinity;
  /** Called when the bytes of `cutAfter` have come through. */
  onCut: () => void = () => {};
  /** Called when bytes have arrived, so that there is room for more. */
  onRoom: () => void = () => {};

  /** `deliver` gets the bytes, which are valid during the call only. */
  constructor(clock: Clock, plan: NetworkPlan, dice: Dice, deliver: (bytes: Uint8Array) => void) {
    this.#clock = clock;
    this.#plan = plan;
    this.#dice = dice;
    this.#deliver = deliver;
    const { latency, spread = 0 } = plan;
    this.#latency = spread > 0 ? latency + Math.floor(dice.next() * spread) : latency;
  }

  /** Sends a copy of the bytes. */
  send(bytes: Uint8Array): void {
    if (this.#gone || this.#finish !== undefined || bytes.length === 0) return;
    const { jitter } = this.#plan;
    const due = this.#clock.now() + this.#latency + (jitter > 0 ? this.#dice.next() * jitter : 0);
    this.#last = Math.max(this.#last, Math.ceil(due / GRAIN) * GRAIN);
    this.#parcels.push({ at: this.#last, bytes: bytes.slice() });
    this.inFlight += bytes.length;
    this.#arm();
  }

  /** Calls back when all that is on its way has arrived; nothing is sent after it. */
  finish(done: () => void): void {
    if (this.#gone || this.#finish !== undefined) return;
    this.#finish = done;
    this.#last = Math.max(this.#last, Math.ceil((this.#clock.now() + this.#latency) / GRAIN) * GRAIN);
    this.#arm();
  }

  /** Delays all arrivals by the given milliseconds. */
  freeze(ms: number): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#clock.now() + ms);
    this.#disarm();
    this.#arm();
  }

  /** The reader does not read, or does again. */
  hold(held: boolean): void {
    if (this.#held === held) return;
    this.#held = held;
    if (held) this.#disarm();
    else this.#arm();
  }

  /** Drops all bytes in transit, now and later. */
  drop(): void {
    this.#gone = true;
    this.#parcels = [];
    this.#head = 0;
    this.inFlight = 0;
    this.#finish = undefined;
    this.#disarm();
  }

  #disarm(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Infinity;
  }

  #arm(): void {
    if (this.#held || this.#gone) return;
    const next = this.#parcels[this.#head]?.at ?? (this.#finish === undefined ? undefined : this.#last);
    if (next === undefined) return;
    const at = Math.max(next, this.#frozenUntil);
    if (at >= this.#timerAt) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timerAt = Infinity;
      this.#timer = undefined;
      this.#arrive();
    }, at - this.#clock.now());
  }

  #arrive(): void {
    const now = this.#clock.now();
    let arrived = false;
    while (!this.#held && !this.#gone) {
      const parcel = this.#parcels[this.#head];
      if (parcel === undefined || parcel.at > now) break;
      this.#head++;
      if (this.#head > 64 && this.#head * 2 > this.#parcels.length) {
        this.#parcels.splice(0, this.#head);
        this.#head = 0;
      }
      this.inFlight -= parcel.bytes.length;
      arrived = true;
      const rest = this.#hand(parcel.bytes);
      if (rest === undefined) continue;
      // The reader has stopped in the middle.
      this.inFlight += rest.length;
      this.#parcels[--this.#head] = { at: parcel.at, bytes: rest };
    }
    if (this.#gone) return;
    if (arrived) this.onRoom();
    if (
      this.#parcels.length === this.#head && this.#finish !== undefined && this.#last <= now && !this.#held
    ) {
      const done = this.#finish;
      this.drop();
      done();
      return;
    }
    this.#arm();
  }

  /** Delivers bytes, piece by piece. Returns those that a reader that has stopped did not take. */
  #hand(bytes: Uint8Array): Uint8Array | undefined {
    const { chunk } = this.#plan;
    const { length } = bytes;
    for (let at = 0; at < length && !this.#gone;) {
      if (this.#held) return at === 0 ? bytes : bytes.subarray(at);
      let most = chunk === 0 ? length : 1 + this.#dice.below(chunk);
      // The middle of much comes in one piece: what small pieces can show, they show at both ends.
      if (chunk > 0 && at >= FINE && length - at > 2 * FINE) most = length - at - FINE;
      const end = Math.min(length, at + most, at + this.cutAfter);
      const piece = at === 0 && end === length ? bytes : bytes.subarray(at, end);
      at = end;
      this.cutAfter -= piece.length;
      if (piece.length > 0) this.#deliver(piece);
      // The bytes were lent for the length of the call: who kept them reads rubbish.
      piece.fill(0xee);
      if (this.cutAfter > 0 || this.#gone) continue;
      this.drop();
      this.onCut();
    }
    return undefined;
  }
}
