/**
 * The target of a diagnosis, and its connection options.
 *
 * @module
 */
import { Connection } from "../../connection/connection.ts";
import { resolveOptions } from "../../options.ts";
import type { ConnectionOptions, ResolvedConnectionOptions } from "../../options.ts";
import type { Reply } from "../../resp/types.ts";
import type { DiagnoseOptions } from "./options.ts";

/** The options with their defaults. */
export type Equipment = Required<Omit<DiagnoseOptions, "onFinding">>;

/** The texts that no output may contain. */
export function secretsOf(options: readonly ResolvedConnectionOptions[]): string[] {
  return options.map(({ password }) => password).filter((each): each is string =>
    typeof each === "string" && each !== ""
  );
}

/** Options for one connection, without repeats. */
export function connectionTo(
  source: string | URL | ResolvedConnectionOptions,
  { transport, timeout }: Equipment,
  over: ConnectionOptions = {},
): ResolvedConnectionOptions {
  return resolveOptions(source, {
    transport,
    retry: false,
    connectTimeout: timeout,
    commandTimeout: timeout,
    healthCheckInterval: 0,
    ...over,
  });
}

/** Runs `use` with a connection that is closed afterwards. */
export async function withConnection<T>(
  options: ResolvedConnectionOptions,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = new Connection(options);
  try {
    await connection.connect();
    return await use(connection);
  } finally {
    connection.disconnect();
  }
}

/** The reply of a command, or `undefined` where the server refuses it. */
export async function attempt(connection: Connection, ...words: string[]): Promise<Reply | undefined> {
  try {
    return await connection.send(words);
  } catch (error) {
    if (connection.state !== "ready") throw error;
    return undefined;
  }
}

/** The fields of a reply of `INFO`. */
export function readInfo(text: unknown): ReadonlyMap<string, string> {
  const lines = String(text ?? "").split("\r\n").filter((line) =>
    line.includes(":") && !line.startsWith("#")
  );
  return new Map(lines.map((line) => {
    const at = line.indexOf(":");
    return [line.slice(0, at), line.slice(at + 1)];
  }));
}
