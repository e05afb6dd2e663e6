/**
 * Runs the same program with ioredis and with the `ioredis` entry, on the same server, and compares the
 * records.
 *
 * @module
 */
import assert from "node:assert/strict";
import Genuine from "ioredis";
import Face from "../../ioredis.ts";
import type { Server } from "../harness/server.ts";

// deno-lint-ignore no-explicit-any
export type Client = any;

/** The surroundings of a program. */
export interface Run {
  /** Makes a client of the server; it is closed when the program ends. */
  make(options?: Record<string, unknown>): Client;
  /** The class. */
  readonly Redis: Client;
  /** Notes something to be compared. */
  note(...what: unknown[]): void;
  /** Notes an event: events are compared apart, as runtimes settle promises before or after they emit. */
  event(...what: unknown[]): void;
  /** The server. */
  readonly server: Server;
}

/** Properties of errors that are compared. */
function ofError(error: Error): unknown {
  const { name, message, command, previousErrors } = error as Client;
  // An error can be among its own previous ones.
  return { error: name, message, command, previousErrors: previousErrors?.map(String) };
}

/** A value as it is compared: with its types, and errors by name and message. */
export function plain(value: unknown): unknown {
  if (value instanceof Error) return ofError(value);
  if (value instanceof Uint8Array) return { bytes: value.constructor.name, hex: [...value].join(" ") };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "number" || typeof value === "bigint") return { [typeof value]: String(value) };
  if (typeof value !== "object" || value === null) return value;
  const prototype = Object.getPrototypeOf(value)?.constructor?.name ?? "no prototype";
  return { prototype, fields: Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)])) };
}

async function runWith(
  Redis: Client,
  server: Server,
  program: (run: Run) => Promise<void>,
): Promise<unknown[]> {
  const notes: unknown[] = [];
  const clients: Client[] = [];
  let ended = false;
  const events: unknown[] = [];
  const note = (...what: unknown[]): void => {
    if (!ended) notes.push(plain(what));
  };
  const event = (...what: unknown[]): void => {
    if (!ended) events.push(plain(what));
  };
  const setup = new Face({ port: server.port, host: server.host });
  await setup.flushall();
  await setup.script("FLUSH");
  await setup.quit();
  const make = (options: Record<string, unknown> = {}): Client => {
    const client = new Redis({ port: server.port, host: server.host, ...options });
    clients.push(client);
    return client;
  };
  try {
    await program({ make, Redis, server, note, event });
  } finally {
    ended = true;
    for (const client of clients) {
      client.on?.("error", () => {});
      client.disconnect();
    }
  }
  return [...notes, ...events];
}

/** Runs a program with both, and compares their notes; returns them. */
export async function compare(server: Server, program: (run: Run) => Promise<void>): Promise<unknown[]> {
  const expected = await runWith(Genuine, server, program);
  const actual = await runWith(Face, server, program);
  assert.ok(expected.length > 0, "a program must note something");
  // The first difference alone: what follows may be its consequence.
  for (let index = 0; index < expected.length; index++) assert.deepEqual(actual[index], expected[index]);
  assert.equal(actual.length, expected.length);
  return actual;
}

/** Resolves with a promise's value, or its error. */
export async function outcome(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return error;
  }
}

/** Resolves when an event comes, with its arguments. */
export function event(client: Client, name: string): Promise<unknown[]> {
  return new Promise((resolve) => client.once(name, (...args: unknown[]) => resolve(args)));
}

/**
 * Resolves when a blocked connection's next commands are in the server's memory: a connection that is closed with
 * unread bytes is reset, which clients tell as another error.
 */
export async function untilRead(other: Client, id: number): Promise<void> {
  let line = "";
  while (!/ qbuf=[1-9]/.test(line)) line = await other.client("LIST", "ID", id);
}

/** Notes the events of a client, with their arguments where `full`. */
export function watch(run: Run, client: Client, full = false): void {
  const names = ["wait", "connecting", "connect", "ready", "close", "reconnecting", "end", "error", "select"];
  for (const name of names) {
    client.on(name, (...args: unknown[]) => {
      run.event(name, client.status, ...(full || name === "select" || name === "error" ? args : []));
    });
  }
}
