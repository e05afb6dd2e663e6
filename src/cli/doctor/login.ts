/**
 * The steps of the handshake: protocol and login.
 *
 * @module
 */
import { Connection } from "../../connection/connection.ts";
import { AuthenticationError, ProtocolError, RedisError } from "../../errors.ts";
import type { ResolvedConnectionOptions } from "../../options.ts";
import { failure, messageOf, ok, type Outcome, type Report, warning } from "./diagnosis.ts";
import { firstBytes } from "./network.ts";
import { type Equipment, readInfo } from "./subject.ts";

type Known = readonly [code: string, pattern: RegExp, message: string, advice: string];

/** The known replies of servers, with their meanings. */
const REFUSALS: readonly Known[] = [
  [
    "MAX_CLIENTS",
    /max number of clients/,
    "the server has reached its limit of clients",
    "raise maxclients, or close connections: fewer processes, smaller pools",
  ],
  [
    "PROTECTED_MODE",
    /DENIED/,
    "the server is in protected mode: it has no password and accepts clients of its own machine only",
    "set a password (requirepass or ACL) on the server",
  ],
  [
    "PASSWORD_NOT_SET",
    /without any password configured/,
    "a password was given, but the server has none for its default user",
    "leave the password out, or name the user: redis://USER:PASSWORD@HOST",
  ],
  [
    "WRONG_PASSWORD",
    /WRONGPASS|invalid password/,
    "the server does not accept the user and the password",
    "check both; in a URL, characters such as @ : / must be percent-encoded; the user may be disabled",
  ],
  [
    "PASSWORD_MISSING",
    /NOAUTH/,
    "the server needs a password, and none was given",
    "give it in the URL: redis://USER:PASSWORD@HOST",
  ],
  [
    "WRONG_DATABASE",
    /DB index is out of range|SELECT is not allowed/,
    "the server does not have this database",
    "use a smaller number behind the host; clusters have database 0 only",
  ],
  [
    "LOADING",
    /LOADING/,
    "the server is loading its data",
    "wait until it is done: INFO persistence tells how far it is",
  ],
  [
    "MASTER_DOWN",
    /MASTERDOWN/,
    "the server is a replica that has lost its master",
    "connect to the master, or repair the replication",
  ],
  [
    "NO_PERMISSION",
    /NOPERM/,
    "the user may not run a command of the handshake",
    "allow the user +@connection",
  ],
];

async function explain(
  error: unknown,
  { endpoint }: ResolvedConnectionOptions,
  equipment: Equipment,
): Promise<Outcome> {
  const chain = [error, (error as Error).cause].map(messageOf).join(" ");
  for (const [code, pattern, message, advice] of REFUSALS) {
    if (pattern.test(chain)) return failure(code, message, advice);
  }
  if (!("path" in endpoint) && endpoint.tls === undefined) {
    const { host, port } = endpoint;
    const { inspector, timeout } = equipment;
    const speaksTls = await inspector.inspectTls(host, port, host, timeout).then(() => true, () => false);
    if (speaksTls) {
      return failure("PLAIN_TO_TLS", "the server speaks TLS at this port", "use rediss: instead of redis:");
    }
    const first = await firstBytes(endpoint, equipment);
    if (error instanceof ProtocolError || (first !== "" && !/^[+\-]/.test(first))) {
      return failure("NOT_REDIS", "what replies at this port is no Redis server", "check the port");
    }
  }
  if (error instanceof AuthenticationError) {
    return failure("LOGIN", messageOf(error), "check the user and the password");
  }
  const late = error instanceof RedisError && /TIMEOUT/.test(error.code);
  return late
    ? failure(
      "NO_REPLY",
      messageOf(error),
      "the server accepts connections and does not reply: it may be busy, stopped or out of memory",
    )
    : failure(
      "HANDSHAKE",
      messageOf(error),
      "the server, or a proxy before it, ended the connection; see its log",
    );
}

/** Connects and logs in; the connection, or `undefined` where that failed. */
export async function examineLogin(
  report: Report,
  options: ResolvedConnectionOptions,
  equipment: Equipment,
  label = "",
): Promise<Connection | undefined> {
  const connection = new Connection(options);
  const connected = await report.step(`${label}login`, async () => {
    try {
      await connection.connect();
    } catch (error) {
      return await explain(error, options, equipment);
    }
    const fields = readInfo(await connection.send(["INFO", "server"]).catch(() => ""));
    const version = fields.get("valkey_version") ?? fields.get("redis_version");
    const product = fields.has("valkey_version") ? "Valkey" : "Redis";
    const server = version === undefined
      ? "a server that does not tell its version"
      : `${product} ${version}`;
    if (connection.protocol === 3) return ok(`${server}, RESP3`);
    return warning(
      "OLD_PROTOCOL",
      `${server}, RESP2`,
      "with RESP3 (Redis 6 or later) subscriptions and the client-side cache need no second connection",
    );
  });
  if (connected) return connection;
  connection.disconnect();
  return undefined;
}
