/**
 * Faults of a running server: stop it, kill it, limit it, make it refuse.
 *
 * Functions that change a server's configuration return an {@linkcode Undo}. `await using` restores it at the end of
 * the block, also when the server accepts no new connections.
 *
 * @module
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { rawClient } from "./raw_client.ts";
import type { RawReply } from "./raw.ts";

/** The parts of a server that faults need; `startServer` provides them. */
export interface FaultyServer {
  /** The host. */
  readonly host: string;
  /** The port. */
  readonly port: number;
  /** Runs a command on a connection of its own. */
  cli(...args: (string | number)[]): Promise<RawReply>;
  /** Sends a signal. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again where it was. */
  restart(): Promise<void>;
}

/** Takes a fault back. */
export interface Undo {
  /** Puts things right; twice is no error. */
  undo(): Promise<void>;
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

function undoable(act: () => Promise<unknown>): Undo {
  let done: Promise<void> | undefined;
  const undo = (): Promise<void> => done ??= act().then(() => {});
  return { undo, [Symbol.asyncDispose]: undo };
}

/** SIGSTOP: the process keeps its sockets and does nothing, its kernel still takes bytes. Undone by SIGCONT. */
export async function freeze(server: FaultyServer): Promise<Undo> {
  await server.kill("SIGSTOP");
  return undoable(() => server.kill("SIGCONT"));
}

/** SIGKILL: the kernel closes its sockets. */
export async function crash(server: FaultyServer): Promise<void> {
  await server.kill("SIGKILL");
}

/**
 * Ends a server and starts it again on the same port. `"kept"`: it saves and shuts down in good order;
 * `"lost"`: it is killed, and its files are removed.
 */
export async function restart(server: FaultyServer, data: "kept" | "lost"): Promise<void> {
  const file = await dumpFile(server);
  // The server ends without a reply, which is no error here; a refused SHUTDOWN is.
  if (data === "kept") await shutDown(server);
  else {
    await server.kill("SIGKILL");
    rmSync(file, { force: true });
    rmSync(join(file, "..", "appendonlydir"), { recursive: true, force: true });
  }
  await server.restart();
}

async function shutDown(server: FaultyServer): Promise<void> {
  const saved = await server.cli("SHUTDOWN", "SAVE").then(
    (reply) => `it answered ${String(reply)}`,
    (error: Error) => /^(ERR|NOAUTH|NOPERM)/.test(error.message) ? error.message : undefined,
  );
  if (saved !== undefined) throw new Error(`Cannot shut the server down: ${saved}`);
}

async function dumpFile(server: FaultyServer): Promise<string> {
  return join(await getConfig(server, "dir"), await getConfig(server, "dbfilename"));
}

async function getConfig(server: FaultyServer, name: string): Promise<string> {
  const reply = await server.cli("CONFIG", "GET", name) as RawReply[];
  return String(reply[1] ?? "");
}

/** Sets settings that the undo puts back, over a connection that is opened now and kept. */
async function withConfig(
  server: FaultyServer,
  settings: { readonly [name: string]: string | number },
  password?: string,
): Promise<Undo> {
  const client = await rawClient(server);
  try {
    if (password !== undefined) await client.call("AUTH", password);
    const before: (string | number)[] = [];
    for (const name of Object.keys(settings)) {
      const pair = await client.call("CONFIG", "GET", name) as string[];
      before.push(name, pair[1] ?? "");
    }
    await client.call("CONFIG", "SET", ...Object.entries(settings).flat());
    return undoable(async () => {
      try {
        await client.call("CONFIG", "SET", ...before);
      } finally {
        await client.close();
      }
    });
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** The options of faults that use CONFIG SET. */
export interface FaultOptions {
  /** The default user's password. */
  readonly password?: string;
}

/** Limits the number of clients to `most`; further ones are refused. The connection of the undo takes one place. */
export function limitClients(server: FaultyServer, most: number, options: FaultOptions = {}): Promise<Undo> {
  return withConfig(server, { maxclients: most }, options.password);
}

/** Every write is refused with OOM. */
export function exhaustMemory(server: FaultyServer, options: FaultOptions = {}): Promise<Undo> {
  return withConfig(server, { "maxmemory-policy": "noeviction", maxmemory: 1 }, options.password);
}

/** Limits the unread replies of a client to a number of bytes. The minimum is one reply buffer, 16 KiB. */
export function limitOutput(
  server: FaultyServer,
  kind: "normal" | "pubsub",
  bytes: number,
  options: FaultOptions = {},
): Promise<Undo> {
  return withConfig(server, { "client-output-buffer-limit": `${kind} ${bytes} 0 0` }, options.password);
}

/** Writes are refused with NOREPLICAS. */
export function demandReplicas(server: FaultyServer, options: FaultOptions = {}): Promise<Undo> {
  return withConfig(server, { "min-replicas-to-write": 1 }, options.password);
}

/**
 * Every write is refused with MISCONF: a background save is made to fail, by a folder in the place of its file.
 * For a server whose folder is on this machine.
 */
export async function failSaves(server: FaultyServer, options: FaultOptions = {}): Promise<Undo> {
  const file = await dumpFile(server);
  rmSync(file, { force: true });
  mkdirSync(file);
  const config = await withConfig(
    server,
    { save: "3600 1000000", "stop-writes-on-bgsave-error": "yes" },
    options.password,
  );
  await server.cli("BGSAVE");
  await saved(server, "err");
  return undoable(async () => {
    rmSync(file, { recursive: true, force: true });
    await server.cli("BGSAVE");
    await saved(server, "ok");
    rmSync(file, { force: true });
    await config.undo();
  });
}

/** Asks until the background save has come to the end that is expected. */
async function saved(server: FaultyServer, status: "ok" | "err"): Promise<void> {
  for (;;) {
    const info = String(await server.cli("INFO", "persistence"));
    if (/rdb_bgsave_in_progress:1/.test(info)) continue;
    if (info.includes(`rdb_last_bgsave_status:${status}`)) return;
    throw new Error(`A background save was expected to end with "${status}" and did not`);
  }
}

/**
 * Makes the server sleep. Resolves when it is awake again. The start is not observable; use {@linkcode freeze} if it
 * matters. Needs `enable-debug-command yes`, which `startServer` sets.
 */
export async function debugSleep(server: FaultyServer, seconds: number): Promise<void> {
  await server.cli("DEBUG", "SLEEP", seconds);
}

/** A row of CLIENT LIST. */
export type ClientRow = { readonly [field: string]: string };

/** Returns the connected clients, without the querying connection. */
export async function clients(server: FaultyServer): Promise<ClientRow[]> {
  const rows = String(await server.cli("CLIENT", "LIST")).split("\n").filter((row) => row !== "");
  return rows
    .map((row) => Object.fromEntries(row.split(" ").map((field) => field.split(/=(.*)/s).slice(0, 2))))
    .filter((row) => row.cmd !== "client|list" && row.cmd !== "client");
}

/** Cuts the connections that fit, all without a filter; returns how many. */
export async function killClients(
  server: FaultyServer,
  fits: (row: ClientRow) => boolean = () => true,
): Promise<number> {
  let killed = 0;
  for (const row of (await clients(server)).filter(fits)) {
    killed += Number(await server.cli("CLIENT", "KILL", "ID", row.id ?? ""));
  }
  return killed;
}

/** Pauses all commands or only writes for a number of milliseconds. The undo sends CLIENT UNPAUSE. */
export async function pauseClients(
  server: FaultyServer,
  ms: number,
  mode: "ALL" | "WRITE" = "ALL",
): Promise<Undo> {
  await server.cli("CLIENT", "PAUSE", ms, mode);
  return undoable(() => server.cli("CLIENT", "UNPAUSE"));
}

/**
 * The server loads its data, and answers LOADING meanwhile: a few seconds, or until undone. It writes keys named
 * `loading:n`, which the undo removes. Needs `enable-debug-command yes`.
 */
export async function load(server: FaultyServer, options: FaultOptions = {}): Promise<Undo> {
  const keys = Array.from({ length: 100 }, (_, n) => `loading:${n}`);
  // Between two kilobytes the server looks at its sockets, and behind each key it waits.
  await server.cli("MSET", ...keys.flatMap((key) => [key, "x".repeat(2_048)]));
  const config = await withConfig(server, {
    rdbcompression: "no",
    "loading-process-events-interval-bytes": 1_024,
    "key-load-delay": 50_000,
  }, options.password);
  let ended = false;
  const loaded = server.cli("DEBUG", "RELOAD").finally(() => (ended = true));
  const isLoading = () =>
    server.cli("PING").then(() => false, (error: Error) => error.message.startsWith("LOADING"));
  while (!(await isLoading())) {
    if (!ended) continue;
    await config.undo();
    throw new Error("Cannot make the server load its data: it was done before it could be asked");
  }
  return undoable(async () => {
    await config.undo();
    await loaded;
    await server.cli("DEL", ...keys);
  });
}
