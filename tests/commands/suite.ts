/**
 * The context of a suite of commands. It executes a command under RESP2 or RESP3, as text or as bytes. It
 * compares each reply with the same expectation, whose type is the declared one.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Command } from "../../src/commands/command.ts";
import { atLeast } from "../harness/binaries.ts";
import type { Server } from "../harness/server.ts";
import { type Executor, SocketExecutor, type Speech } from "./executor.ts";

const decoder = new TextDecoder();

/** Bytes as text, a `Map` as an object: what is left when it does not matter how it came. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return decoder.decode(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([k, v]) => [plain(k), plain(v)]));
  if (typeof value === "object" && value !== null && !(value instanceof Error)) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
  }
  return value;
}

/** Whether a value has a string where clients of bytes were promised bytes; only simple strings may be text there. */
function hasBytes(value: unknown): boolean {
  if (value instanceof Uint8Array) return true;
  if (Array.isArray(value)) return value.some(hasBytes);
  if (value instanceof Map) return [...value].some(hasBytes);
  return typeof value === "object" && value !== null && Object.values(value).some(hasBytes);
}

/** A suite's view of a server. */
export class Context {
  /** The server. */
  readonly server: Server;
  /** The protocol and the reply type of this context. */
  readonly speech: Speech;
  readonly #executor: Executor;
  readonly #commands: ReadonlySet<string>;
  readonly #covered: Set<string>;

  /** Made by `contexts`. */
  constructor(
    server: Server,
    speech: Speech,
    executor: Executor,
    commands: ReadonlySet<string>,
    covered: Set<string>,
  ) {
    this.server = server;
    this.speech = speech;
    this.#executor = executor;
    this.#commands = commands;
    this.#covered = covered;
  }

  /** Whether the server has a command. */
  has(name: string): boolean {
    return this.#commands.has(name);
  }

  /** Whether the server is Redis from this version on. */
  redis(version: string): boolean {
    return this.server.name === "redis" && atLeast(this.server.version, version);
  }

  /** Executes a command, as it comes. */
  async run<T>(command: Command<T, unknown>): Promise<T> {
    const reply = await this.#executor.execute(command);
    this.#covered.add(command.spec.name);
    return reply;
  }

  /** Executes a command and compares its reply; the expectation is written as text. */
  async is<T>(command: Command<T, unknown>, expected: T): Promise<void> {
    const reply = await this.run(command);
    assert.deepEqual(
      plain(reply),
      plain(expected),
      `${command.spec.name} ${command.args.map(plain).join(" ")}`,
    );
    if (!this.speech.bytes) {
      assert.ok(!hasBytes(reply) || hasBytes(expected), `${command.spec.name}: bytes in text`);
    }
  }

  /** The same, where the order is the server's. */
  async members<T>(command: Command<T[], unknown>, expected: T[]): Promise<void> {
    const sorted = (list: unknown) => (list as unknown[]).map((one) => JSON.stringify(one)).sort();
    const reply = await this.run(command);
    assert.deepEqual(sorted(plain(reply)), sorted(plain(expected)), command.spec.name);
  }

  /** Executes a command and looks at its reply, bytes turned into text. */
  async looks<T>(command: Command<T, unknown>, check: (reply: T) => boolean): Promise<T> {
    const reply = plain(await this.run(command)) as T;
    assert.ok(check(reply), `${command.spec.name}: ${JSON.stringify(reply)}`);
    return reply;
  }

  /** Executes a command that the server refuses; it counts as called. */
  async refused(command: Command, message: RegExp): Promise<void> {
    await assert.rejects(this.#executor.execute(command), message);
    this.#covered.add(command.spec.name);
  }

  /** A second connection, speaking alike; closed by the caller. */
  async another(): Promise<Context & Disposable> {
    const executor = await SocketExecutor.open(this.server.port, this.speech);
    const context = new Context(this.server, this.speech, executor, this.#commands, this.#covered);
    return Object.assign(context, { [Symbol.dispose]: () => executor.close() });
  }
}

/** The four combinations of protocol and reply type. */
export const SPEECHES: readonly Speech[] = [
  { protocol: 2, bytes: false },
  { protocol: 3, bytes: false },
  { protocol: 2, bytes: true },
  { protocol: 3, bytes: true },
];

/** A list of steps against one server. */
export type Suite = (t: Context) => Promise<void>;

/** The names of all commands and subcommands that a server knows, `"CONFIG GET"`. */
export async function commandNames(server: Server): Promise<Set<string>> {
  const names = await server.cli("COMMAND", "LIST") as string[];
  const found = new Set(names.map((name) => name.toUpperCase().replace("|", " ")));
  const infos = await server.cli("COMMAND", "INFO", ...names) as unknown[][];
  for (const info of infos) {
    for (const sub of (info[9] ?? []) as unknown[][]) {
      found.add(String(sub[0]).toUpperCase().replace("|", " "));
    }
  }
  return found;
}
