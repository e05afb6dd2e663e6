/**
 * Dispatches received data: replies, errors, messages, confirmations of subscriptions, and lines of MONITOR.
 *
 * @module
 */
import type { Reply } from "../../resp/types.ts";
import { hasFlag } from "./command_flags.ts";
import type { Client } from "./client.ts";
import { SubscriptionSet } from "./subscription_set.ts";
import { throwLater, toBuffer, toText } from "./support.ts";
import type { Sent, Wire } from "./wire.ts";

/** Passes received data to commands and listeners. */
export class Dispatcher {
  readonly #redis: Client;

  /** Serves a client. */
  constructor(redis: Client) {
    this.#redis = redis;
  }

  /** Handles a reply, or data in the form of a reply. */
  reply(sent: Sent | undefined, reply: Reply, wire: Wire): void {
    const redis = this.#redis;
    // Lines may come together with the reply of MONITOR, before the status changes.
    const monitors = redis.status === "monitoring" || (sent === undefined && redis.options.monitor);
    if (monitors && typeof reply === "string" && reply !== "OK") {
      return this.#guard(() => this.#monitorLine(reply));
    }
    const { condition } = redis;
    if (condition?.protocol !== 3 && Array.isArray(reply) && this.#fromServer(reply, sent, wire)) return;
    wire.shift();
    if (sent === undefined) return this.#unasked(`Last reply: ${toText(reply)}`);
    try {
      sent.resolve(reply);
    } catch (error) {
      throwLater(error);
    }
  }

  /** Takes an error reply. */
  replyError(sent: Sent | undefined, error: Error): void {
    if (sent === undefined) return this.#unasked(`Last error: ${error.message}`);
    if (sent.done) return;
    const { command } = sent;
    Object.defineProperty(error, "command", {
      value: { name: command.name, args: command.args },
      configurable: true,
      writable: true,
      enumerable: true,
    });
    const redis = this.#redis;
    if (command.name === "ssubscribe" && error.message.startsWith("MOVED ")) redis.emit("moved");
    this.#guard(() => redis.handleReconnection(error, sent));
  }

  /** Takes a push frame. */
  push(frame: Reply[], wire: Wire): void {
    this.#event(frame, wire);
  }

  /** Under RESP2: takes what only has the form of a reply. */
  #fromServer(reply: Reply[], sent: Sent | undefined, wire: Wire): boolean {
    const redis = this.#redis;
    const entering = sent !== undefined && hasFlag("ENTER_SUBSCRIBER_MODE", sent.command.name);
    const leaving = sent !== undefined && hasFlag("EXIT_SUBSCRIBER_MODE", sent.command.name);
    if (!redis.condition?.subscriber && !entering && !leaving) return false;
    return this.#event(reply, wire);
  }

  /** Takes a message or a confirmation; returns whether it is one. */
  #event(frame: Reply[], wire: Wire): boolean {
    const kind = toText(frame[0]);
    switch (kind) {
      case "message":
      case "pmessage":
      case "smessage":
        this.#guard(() => this.#message(kind, frame));
        return true;
      case "subscribe":
      case "psubscribe":
      case "ssubscribe":
        this.#subscribed(kind, frame, wire);
        return true;
      case "unsubscribe":
      case "punsubscribe":
      case "sunsubscribe":
        this.#unsubscribed(kind, frame, wire);
        return true;
    }
    return false;
  }

  #message(kind: "message" | "pmessage" | "smessage", frame: Reply[]): void {
    const redis = this.#redis;
    const rest = frame.slice(kind === "pmessage" ? 2 : 1);
    const lead = kind === "pmessage" ? [toText(frame[1])] : [];
    if (redis.listenerCount(kind) > 0) redis.emit(kind, ...lead, ...rest.map((each) => toText(each ?? "")));
    const binary = `${kind}Buffer`;
    if (redis.listenerCount(binary) > 0) redis.emit(binary, ...lead, ...rest.map(bufferOf));
  }

  #subscribed(kind: string, frame: Reply[], wire: Wire): void {
    const condition = this.#redis.condition!;
    condition.subscriber ||= new SubscriptionSet();
    condition.subscriber.add(kind, toText(frame[1]));
    const sent = wire.peek();
    if (sent === undefined) return this.#unasked(`Last reply: ${frame.map(toText)}`);
    if (sent.left < 0) sent.left = sent.command.args.length;
    if (--sent.left > 0) return;
    wire.shift();
    sent.resolve(frame[2]!);
  }

  #unsubscribed(kind: string, frame: Reply[], wire: Wire): void {
    const redis = this.#redis;
    const condition = redis.condition!;
    const count = frame[2]!;
    if (condition.subscriber && frame[1]) condition.subscriber.del(kind, toText(frame[1]));
    // The server counts sharded channels apart from the others.
    if (condition.subscriber && Number(count) === 0) condition.subscriber.clear(kind === "sunsubscribe");
    const left = condition.subscriber ? condition.subscriber.channels(kind).length : 0;
    if (condition.subscriber && condition.subscriber.isEmpty()) condition.subscriber = false;
    const sent = wire.peek();
    // A server ends subscriptions by itself, when a slot moves away.
    if (sent === undefined || sent.command.name.toLowerCase() !== kind) {
      if (kind === "sunsubscribe") redis.emit("moved");
      return;
    }
    if (sent.left < 0) sent.left = sent.command.args.length || Infinity;
    sent.left--;
    // Without names there are as many confirmations as there were subscriptions, at least one.
    if (sent.left > 0 && !(sent.left === Infinity && left === 0)) return;
    wire.shift();
    sent.resolve(count);
  }

  #monitorLine(line: string): void {
    const space = line.indexOf(" ");
    const quote = line.indexOf('"');
    const args = line.slice(quote + 1, -1).split('" "').map((each) => each.replace(/\\"/g, '"'));
    const [database, source] = line.slice(space + 2, quote - 2).split(" ");
    this.#redis.emit("monitor", line.slice(0, space), args, source, database);
  }

  #unasked(what: string): void {
    const message = `Command queue state error. If you can reproduce this, please report it. ${what}`;
    this.#guard(() => this.#redis.emit("error", new Error(message)));
  }

  /** Runs code of users and isolates its errors from the parser and the connection. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      throwLater(error);
    }
  }
}

function bufferOf(value: Reply): unknown {
  if (value instanceof Uint8Array) return toBuffer(value);
  return typeof value === "string" ? toBuffer(new TextEncoder().encode(value)) : value;
}
