/**
 * The steps below Redis: name, TCP, TLS.
 *
 * @module
 */
import { RedisError } from "../../errors.ts";
import type { ResolvedConnectionOptions } from "../../options.ts";
import type { Endpoint, Socket, SocketHandlers, TcpEndpoint } from "../../transport.ts";
import { failure, messageOf, ok, type Outcome, type Report, skipped, warning } from "./diagnosis.ts";
import type { Equipment } from "./subject.ts";

const DAY = 86_400_000;
/** Days before the end of a certificate from which on it is a warning. */
const SOON = 14;

const PING = new TextEncoder().encode("PING\r\n");

/** Opens a socket and closes it. */
export async function knock(endpoint: Endpoint, { transport, timeout }: Equipment): Promise<void> {
  const handlers: SocketHandlers = { data() {}, close() {} };
  (await transport.connect(endpoint, { connectTimeout: timeout }, handlers)).destroy();
}

/** The first bytes that a server replies to a PING without TLS; empty where it replies nothing. */
export async function firstBytes(
  { host, port }: TcpEndpoint,
  { transport, timeout }: Equipment,
): Promise<string> {
  let socket: Socket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => resolve(""), timeout);
      const data = (chunk: Uint8Array): void => resolve(new TextDecoder().decode(chunk));
      transport.connect({ host, port }, { connectTimeout: timeout }, { data, close: () => resolve("") })
        .then((opened) => (socket = opened).write(PING)).catch(reject);
    });
  } catch {
    return "";
  } finally {
    clearTimeout(timer);
    socket?.destroy();
  }
}

async function reach(endpoint: Endpoint, equipment: Equipment): Promise<Outcome> {
  try {
    await knock(endpoint, equipment);
    return ok("a connection was opened");
  } catch (error) {
    const message = messageOf(error);
    if (error instanceof RedisError && error.code === "CONNECT_TIMEOUT") {
      return failure(
        "CONNECT_TIMEOUT",
        message,
        "a firewall or a security group may drop the packets, or the host is down",
      );
    }
    const advice = "path" in endpoint
      ? "check the path, and that the server listens there (unixsocket, unixsocketperm)"
      : "check host and port, that the server runs, and that it listens on this address (bind)";
    return failure("CONNECTION_REFUSED", message, advice);
  }
}

async function examineTls(endpoint: TcpEndpoint, equipment: Equipment): Promise<Outcome> {
  const { host, port, tls = {} } = endpoint;
  const name = tls.serverName ?? host;
  const { inspector, timeout } = equipment;
  const shown = await inspector.inspectTls(host, port, name, timeout).catch((error: unknown) =>
    error as Error
  );
  if (shown instanceof Error) {
    if (/^[+-]/.test(await firstBytes(endpoint, equipment))) {
      return failure(
        "TLS_TO_PLAIN",
        "the server speaks Redis without TLS at this port",
        "use redis: instead of rediss:",
      );
    }
    return failure(
      "TLS_HANDSHAKE",
      `the handshake failed: ${shown.message}`,
      "check the port, the versions and ciphers of the server, and whether it asks for a client certificate",
    );
  }
  const now = Date.now();
  const days = Math.floor((shown.to - now) / DAY);
  const names = shown.names.join(", ") || "no name";
  if (tls.verify !== "none") {
    if (shown.to < now) {
      return failure(
        "TLS_EXPIRED",
        `the certificate expired on ${new Date(shown.to).toISOString()}`,
        "renew the server's certificate",
      );
    }
    if (shown.from > now) {
      return failure(
        "TLS_NOT_YET_VALID",
        `the certificate is valid from ${new Date(shown.from).toISOString()} on`,
        "check the clocks of both machines, or wait",
      );
    }
    if (!shown.matches && (tls.checkHostname ?? tls.checkServerIdentity === undefined)) {
      return failure(
        "TLS_WRONG_NAME",
        `the certificate is for ${names}, not for ${name}`,
        "connect by a name of the certificate, or give that name as tls.serverName",
      );
    }
  }
  try {
    await knock(endpoint, equipment);
  } catch (error) {
    return failure(
      "TLS_UNTRUSTED",
      messageOf(error),
      `give the authority that issued the certificate (${shown.issuer}) as tls.ca`,
    );
  }
  const what = `${shown.protocol}, for ${names}, issued by ${shown.issuer}`;
  if (tls.verify === "none") {
    return warning(
      "TLS_UNVERIFIED",
      `${what}; it is not verified`,
      "remove tls.verify=none, and give tls.ca if needed",
    );
  }
  if (days < SOON) {
    return warning(
      "TLS_EXPIRES_SOON",
      `${what}; it expires in ${days} days`,
      "renew the server's certificate",
    );
  }
  return ok(`${what}, valid for ${days} days`);
}

/** Examines the way to a server; false where it ends. */
export async function examineNetwork(
  report: Report,
  { endpoint }: ResolvedConnectionOptions,
  equipment: Equipment,
  label = "",
): Promise<boolean> {
  if ("path" in endpoint) return await report.step(`${label}socket`, () => reach(endpoint, equipment));
  const { host, port, tls } = endpoint;
  const named = await report.step(`${label}name`, async () => {
    try {
      return ok(`${host} is ${(await equipment.inspector.resolve(host)).join(", ")}`);
    } catch {
      return failure(
        "NAME_NOT_FOUND",
        `the name ${host} cannot be resolved`,
        "check the spelling, the DNS settings of this machine, and whether the name is known in this network only",
      );
    }
  });
  if (!named) return false;
  if (!await report.step(`${label}TCP`, () => reach({ host, port }, equipment))) return false;
  return await report.step(`${label}TLS`, () => {
    return tls === undefined ? skipped("not used") : examineTls(endpoint, equipment);
  });
}
