/**
 * A client over sockets that accept a number of bytes and then no more, and a peer that records which
 * commands reached it completely, and in which order.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers";
import { command } from "../../src/commands/mod.ts";
import type { Arg } from "../../base.ts";
import { Redis, type Socket, type SocketHandlers, type Transport } from "../../mod.ts";
import { RedisError } from "../../src/errors.ts";
import { SimulatedClock } from "../harness/clock.ts";

/** The shape of a command: the length of its value, its type, and the kind of call. */
export interface Shape {
  readonly size: number;
  readonly bytes: boolean;
  readonly timeout: number;
}

/** One step. */
export type Step =
  | { readonly do: "single"; readonly shape: Shape; readonly burst: number }
  | { readonly do: "pipeline" | "transaction" | "packed"; readonly shapes: readonly Shape[] }
  | { readonly do: "take"; readonly bytes: number }
  | { readonly do: "reply"; readonly count: number }
  | { readonly do: "abort"; readonly at: number }
  | { readonly do: "time"; readonly ms: number }
  | { readonly do: "cut" };

/** A call, and what came of it. `dropped`: it was given up before anything of it was with a socket. */
interface Call {
  readonly id: string;
  readonly controller: AbortController;
  /** The calls that are sent as a unit with this one. */
  unit: readonly Call[];
  outcome: { readonly value?: unknown; readonly error?: unknown } | undefined;
  dropped: boolean;
}

const ID = /id:\d+;/g;

/** Reads commands strictly: what is no list of bulk strings fails the test. */
function readCommand(buffer: Buffer): { readonly words: Buffer[]; readonly length: number } | undefined {
  const line = (at: number): number | undefined => {
    const end = buffer.indexOf("\r\n", at);
    return end < 0 ? undefined : end;
  };
  if (buffer.length === 0) return undefined;
  const end = line(0);
  if (end === undefined) return undefined;
  assert.equal(buffer[0], 42, `no command begins with ${JSON.stringify(buffer.toString("latin1", 0, 40))}`);
  const words: Buffer[] = [];
  let at = end + 2;
  for (let left = Number(buffer.toString("latin1", 1, end)); left > 0; left--) {
    const stop = line(at);
    if (stop === undefined) return undefined;
    assert.equal(buffer[at], 36, "no bulk string");
    const length = Number(buffer.toString("latin1", at + 1, stop));
    const next = stop + 2 + length + 2;
    if (buffer.length < next) return undefined;
    assert.equal(buffer.toString("latin1", next - 2, next), "\r\n", "a bulk string without its end");
    words.push(buffer.subarray(stop + 2, next - 2));
    at = next;
  }
  return { words, length: at };
}

/** One socket: takes bytes while it has room, and holds on to a write that does not fit. */
class SlowSocket implements Socket {
  readonly rig: SlowRig;
  readonly handlers: SocketHandlers;
  room: number;
  ended = false;
  #left = Buffer.alloc(0);
  #waiting: { bytes: Uint8Array; resolve: () => void; reject: (error: Error) => void } | undefined;
  #due: string[] = [];
  #queued: string[] | undefined;

  constructor(rig: SlowRig, handlers: SocketHandlers, room: number) {
    this.rig = rig;
    this.handlers = handlers;
    this.room = room;
  }

  write(bytes: Uint8Array): void | Promise<void> {
    assert.equal(this.#waiting, undefined, "written to before the last write was taken");
    if (this.ended) return Promise.reject(new Error("ended"));
    for (const [id] of Buffer.from(bytes).toString("latin1").matchAll(ID)) this.rig.offered.add(id);
    const rest = this.#take(bytes);
    if (rest.length === 0 && !this.rig.promises) return undefined;
    if (rest.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting = { bytes: rest, resolve, reject });
  }

  /** Grants room for more bytes. */
  grant(bytes: number): void {
    this.room += bytes;
    const waiting = this.#waiting;
    if (waiting === undefined || this.ended) return;
    waiting.bytes = this.#take(waiting.bytes);
    if (waiting.bytes.length > 0) return;
    this.#waiting = undefined;
    waiting.resolve();
  }

  /** Sends replies that are due. */
  reply(count: number): void {
    if (this.ended) return;
    const text = this.#due.splice(0, count).join("");
    if (text !== "") this.handlers.data(Buffer.from(text));
  }

  /** Ends the connection, as a reset does. */
  cut(): void {
    if (this.ended) return;
    this.destroy();
    this.handlers.close(new Error("cut"));
  }

  pause(): void {}
  resume(): void {}
  ref(): void {}
  unref(): void {}
  close(): Promise<void> {
    this.ended = true;
    return Promise.resolve();
  }

  destroy(): void {
    this.ended = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(new Error("destroyed"));
  }

  #take(bytes: Uint8Array): Uint8Array {
    const taken = Math.min(this.room, bytes.length);
    this.room -= taken;
    this.#left = Buffer.concat([this.#left, bytes.subarray(0, taken)]);
    for (let read; (read = readCommand(this.#left)) !== undefined;) {
      this.#left = this.#left.subarray(read.length);
      this.#run(read.words.map((word) => word.toString("latin1")));
    }
    return bytes.subarray(taken);
  }

  #run([name, id, value]: string[]): void {
    if (name === "PING") this.#due.push("+PONG\r\n");
    else if (name === "MULTI") {
      this.#queued = [];
      this.#due.push("+OK\r\n");
    } else if (name === "EXEC") {
      const queued = this.#queued!;
      assert.ok(queued !== undefined, "EXEC without MULTI");
      this.#queued = undefined;
      for (const one of queued) this.rig.ran(one);
      this.#due.push(`*${queued.length}\r\n` + queued.map((one) => `$${one.length}\r\n${one}\r\n`).join(""));
    } else {
      assert.match(value!, /^v*$/, "a value that was never given");
      if (this.#queued !== undefined) {
        this.#queued.push(id!);
        this.#due.push("+QUEUED\r\n");
      } else {
        this.rig.ran(id!);
        this.#due.push(`$${id!.length}\r\n${id}\r\n`);
      }
    }
  }
}

/** Lets all that is ready to run run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A client, its sockets, and all calls. */
export class SlowRig {
  /** Whether each write is a promise, as on Deno. */
  readonly promises: boolean;
  /** Ids of commands that were handed to a socket, if only in part. */
  readonly offered: Set<string> = new Set();
  /** The outcomes of calls, and their numbers. */
  readonly endings: Map<string, number> = new Map();
  readonly clock: SimulatedClock = new SimulatedClock();
  readonly #times: Map<string, number> = new Map();
  /** The calls over the shared connection that ran, in their order. */
  readonly #ran: string[] = [];
  /** The calls over other connections. */
  readonly #apart: Set<string> = new Set();
  readonly #sockets: SlowSocket[] = [];
  readonly #calls: Call[] = [];
  readonly #redis: Redis;
  #room: number;
  #ids = 0;

  /** `room`: what a new socket takes before it stalls. */
  constructor(promises: boolean, room: number) {
    this.promises = promises;
    this.#room = room;
    const transport: Transport = {
      name: "slow",
      connect: (_endpoint, _options, handlers) => {
        const socket = new SlowSocket(this, handlers, this.#room);
        this.#sockets.push(socket);
        return Promise.resolve(socket);
      },
    };
    this.#redis = new Redis({
      transport,
      clock: this.clock,
      protocol: 2,
      libName: false,
      healthCheckInterval: 0,
      commandTimeout: 1_000,
    });
  }

  /** The server ran a command. */
  ran(id: string): void {
    this.#times.set(id, (this.#times.get(id) ?? 0) + 1);
    if (!this.#apart.has(id)) this.#ran.push(id);
  }

  /** Runs one step and looks at what must hold after it. */
  async step(step: Step): Promise<void> {
    if (step.do === "single") {
      for (let one = 0; one < step.burst; one++) this.#single(step.shape);
    } else if (step.do === "pipeline" || step.do === "transaction") this.#batch(step.shapes, step.do);
    else if (step.do === "packed") await this.#packed(step.shapes);
    else if (step.do === "take") { for (const socket of this.#sockets) socket.grant(step.bytes); }
    else if (step.do === "reply") { for (const socket of this.#sockets) socket.reply(step.count); }
    else if (step.do === "abort") this.#calls[step.at % Math.max(1, this.#calls.length)]?.controller.abort();
    else if (step.do === "time") await this.clock.advance(step.ms);
    else for (const socket of this.#sockets) socket.cut();
    await settle();
    this.#check();
  }

  /** Lets everything come to its end. */
  async finish(): Promise<void> {
    this.#room = Infinity;
    for (let round = 0; round < 40 && this.#calls.some(({ outcome }) => outcome === undefined); round++) {
      for (const socket of this.#sockets) {
        socket.grant(Infinity);
        socket.reply(Infinity);
      }
      await this.clock.advance(100);
    }
    for (const socket of this.#sockets) {
      socket.grant(Infinity);
      socket.reply(Infinity);
    }
    await settle();
    assert.ok(this.#calls.every(({ outcome }) => outcome !== undefined), "a call never settled");
    this.#check();
    for (const { id, outcome } of this.#calls) {
      if (outcome!.error === undefined) assert.equal(this.#timesOf(id), 1);
    }
    const closed = this.#redis.close();
    await this.clock.advance(10_000);
    await closed;
    this.#check();
    assert.equal(this.clock.pendingTimers, 0, "a timer was left");
    const numbers = this.#ran.map((id) => Number(id.slice(3, -1)));
    assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b), "not in the order of the calls");
    for (const { dropped, outcome } of this.#calls) {
      const error = outcome!.error;
      const said = error === undefined ? "value" : error instanceof RedisError ? error.executed! : "abort";
      const what = dropped ? `${said}, dropped` : said;
      this.endings.set(what, (this.endings.get(what) ?? 0) + 1);
    }
  }

  #timesOf(id: string): number {
    return this.#times.get(id) ?? 0;
  }

  #check(): void {
    for (const call of this.#calls) {
      const { id, outcome } = call;
      const times = this.#timesOf(id);
      assert.ok(times <= 1, `${id} ran ${times} times`);
      if (outcome === undefined) continue;
      if (outcome.error === undefined) assert.equal(outcome.value, id, "somebody else's reply");
      else if (outcome.error instanceof RedisError && outcome.error.executed === "no") {
        assert.equal(times, 0, `${id} ran although it said "no": ${outcome.error.message}`);
      }
      if (call.dropped) {
        assert.equal(this.offered.has(id), false, `${id} was sent after it had been given up`);
      }
    }
  }

  #call(): Call {
    const call: Call = {
      id: `id:${this.#ids++};`,
      controller: new AbortController(),
      unit: [],
      outcome: undefined,
      dropped: false,
    };
    call.unit = [call];
    this.#calls.push(call);
    return call;
  }

  #settled(call: Call, outcome: { readonly value?: unknown; readonly error?: unknown }): void {
    assert.equal(call.outcome, undefined, "settled twice");
    call.outcome = outcome;
    if ("error" in outcome) call.dropped = !call.unit.some(({ id }) => this.offered.has(id));
  }

  #words({ id }: Call, { size, bytes }: Shape): [string, string, Arg] {
    return ["APPEND", id, bytes ? new Uint8Array(size).fill(118) : "v".repeat(size)];
  }

  #single(shape: Shape): void {
    const call = this.#call();
    const { signal } = call.controller;
    const [name, id, value] = this.#words(call, shape);
    this.#redis.with({ timeout: shape.timeout, signal }).execute(command<string>(name, id, value)).then(
      (value) => this.#settled(call, { value }),
      (error) => this.#settled(call, { error }),
    );
    // What a caller does to its bytes after the call is its own affair, up to 16 KiB.
    if (value instanceof Uint8Array && value.length <= 16_384) value.fill(88);
  }

  #batch(shapes: readonly Shape[], how: "pipeline" | "transaction"): void {
    const calls = shapes.map(() => this.#call());
    if (how === "transaction") { for (const call of calls) call.unit = calls; }
    const { signal } = calls[0]!.controller;
    const words = calls.map((call, at) => this.#words(call, shapes[at]!));
    const view = this.#redis.with({ timeout: shapes[0]!.timeout, signal });
    const commands = words.map(([name, id, value]) => command<string>(name, id, value));
    const batch = how === "pipeline" ? view.pipeline(commands) : view.multi(commands);
    batch.exec({ settle: true }).then(
      (outcomes: readonly unknown[]) =>
        outcomes.forEach((one, at) => {
          this.#settled(calls[at]!, one instanceof Error ? { error: one } : { value: one });
        }),
      (error: unknown) => calls.forEach((call) => this.#settled(call, { error })),
    );
    for (const [, , value] of words) {
      if (value instanceof Uint8Array && value.length <= 16_384) value.fill(88);
    }
  }

  async #packed(shapes: readonly Shape[]): Promise<void> {
    const connection = await this.#redis.pool.acquire();
    const calls = shapes.map(() => this.#call());
    for (const call of calls) {
      call.unit = calls;
      this.#apart.add(call.id);
    }
    const bytes = connection.packCommands(calls.map((call, at) => this.#words(call, shapes[at]!)));
    const { signal } = calls[0]!.controller;
    connection.sendPacked(bytes, calls.length, { timeout: shapes[0]!.timeout, signal }).then(
      (outcomes) =>
        outcomes.forEach((one, at) => {
          this.#settled(
            calls[at]!,
            one instanceof Error ? { error: one } : { value: Buffer.from(one as string).toString() },
          );
        }),
      (error) => calls.forEach((call) => this.#settled(call, { error })),
    );
    if (bytes.length <= 16_384) bytes.fill(88);
    await settle();
    connection[Symbol.dispose]();
  }
}
