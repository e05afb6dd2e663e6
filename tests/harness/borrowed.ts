/**
 * An existing server, at the address in `KEYWIRE_TEST_URL`.
 *
 * @module
 */
import { type RawAddress, rawCommand, type RawReply } from "./raw.ts";
import type { Server } from "./types.ts";

/** Returns a server's name and version from INFO. */
export function readInfo(info: RawReply): { readonly name: "redis" | "valkey"; readonly version: string } {
  const text = String(info);
  const valkey = /^valkey_version:(\S+)/m.exec(text)?.[1];
  const version = valkey ?? /^redis_version:(\S+)/m.exec(text)?.[1];
  if (version === undefined) throw new Error("Cannot find the server's version in its reply to INFO.");
  return { name: valkey === undefined ? "redis" : "valkey", version };
}

/** Empties the server at a `redis:` URL and hands it over. It cannot be killed, and stopping it leaves it as it is. */
export async function borrowServer(url: string): Promise<Server> {
  const { protocol, hostname, port, username, password } = new URL(url);
  if (protocol !== "redis:" && protocol !== "valkey:") {
    throw new TypeError(`KEYWIRE_TEST_URL must begin with redis: or valkey:, not ${protocol}`);
  }
  const address: RawAddress = {
    host: hostname || "127.0.0.1",
    port: Number(port || 6379),
    ...(password && { password: decodeURIComponent(password) }),
    ...(username && { username: decodeURIComponent(username) }),
  };
  const cli = (...args: (string | number)[]) => rawCommand(address, ...args);
  const refuse = (what: string) => {
    return Promise.reject(
      new Error(`Cannot ${what} the server at KEYWIRE_TEST_URL: it is not the harness's own.`),
    );
  };
  const info = readInfo(await cli("INFO", "server"));
  await cli("FLUSHALL");
  return {
    host: address.host as string,
    port: address.port as number,
    url,
    path: undefined,
    tlsPort: undefined,
    certificates: undefined,
    pid: -1,
    ...info,
    log: [],
    cli,
    kill: () => refuse("signal"),
    restart: () => refuse("restart"),
    stop: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
