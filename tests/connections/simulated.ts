/**
 * A scripted peer and a simulated clock, and the options that lead there.
 *
 * @module
 */
import type { RedisOptions, Transport } from "../../mod.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { ScriptedPeer, type ScriptedPeerOptions } from "../harness/scripted_peer.ts";

/** The outcome of a promise so far. */
export class Outcome<T> {
  /** `"pending"`, `"resolved"` or `"rejected"`. */
  state: "pending" | "resolved" | "rejected" = "pending";
  /** The value with which it resolved. */
  value: T | undefined = undefined;
  /** The error with which it was rejected. */
  // deno-lint-ignore no-explicit-any
  error: any = undefined;

  /** Watches a promise. */
  constructor(promise: Promise<T>) {
    promise.then((value) => {
      this.state = "resolved";
      this.value = value;
    }, (error) => {
      this.state = "rejected";
      this.error = error;
    });
  }

  /** The failure in one line: state, class, code and certainty. */
  get verdict(): string {
    const { name, code, executed } = this.error ?? {};
    return this.state === "rejected" ? `${name} ${code} ${executed}` : this.state;
  }
}

/** A server that says what it should, in simulated time. */
export class Simulated {
  readonly clock: SimulatedClock = new SimulatedClock();
  readonly peer: ScriptedPeer;

  /** With what the peer should do. */
  constructor(options: ScriptedPeerOptions = {}) {
    this.peer = new ScriptedPeer({ clock: this.clock, ...options });
  }

  /** Leads to the peer. */
  get transport(): Transport {
    return this.peer.transport({ clock: this.clock });
  }

  /** Options that lead to the peer; those given go over them. */
  options<T extends RedisOptions<never>>(over: T = {} as T): T {
    return { transport: this.transport, clock: this.clock, libName: false, ...over };
  }
}
