/**
 * Name resolution and certificates, by `node:dns` and `node:tls`, which Deno, Bun and Node have.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import tls from "node:tls";

/** A certificate, as a server shows it. */
export interface ProcessCertificate {
  /** The version of TLS. */
  readonly protocol: string;
  /** The names and addresses that it is for. */
  readonly names: readonly string[];
  /** Whether it is for the name that was asked for. */
  readonly matches: boolean;
  /** The issuer. */
  readonly issuer: string;
  /** The start of its validity, in milliseconds since 1970. */
  readonly from: number;
  /** Valid until then, in milliseconds since 1970. */
  readonly to: number;
}

function matches(names: readonly string[], wanted: string): boolean {
  const name = wanted.toLowerCase();
  return names.map((each) => each.toLowerCase()).some((each) =>
    each === name ||
    (each.startsWith("*.") && isIP(name) === 0 && name.slice(name.indexOf(".")) === each.slice(1))
  );
}

function describe(socket: tls.TLSSocket, serverName: string): ProcessCertificate {
  const { subjectaltname = "", subject, issuer, valid_from, valid_to } = socket.getPeerCertificate();
  const listed = subjectaltname.split(/,\s*/).filter((each) => each !== "")
    .map((each) => each.replace(/^(DNS|IP Address|IP):/, ""));
  const names = listed.length > 0 ? listed : subject?.CN === undefined ? [] : [String(subject.CN)];
  return {
    protocol: socket.getProtocol() ?? "TLS",
    names,
    matches: matches(names, serverName),
    issuer: String(issuer?.CN ?? issuer?.O ?? "unknown"),
    from: Date.parse(valid_from),
    to: Date.parse(valid_to),
  };
}

/** Asks the system for addresses, and servers for their certificates. */
export const processInspector = {
  /** Resolves a name into addresses. */
  async resolve(host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host];
    return (await lookup(host, { all: true })).map(({ address }) => address);
  },

  /** Makes a TLS handshake that trusts everything, and describes the certificate. */
  inspectTls(host: string, port: number, serverName: string, timeout: number): Promise<ProcessCertificate> {
    return new Promise((resolve, reject) => {
      const servername = isIP(serverName) === 0 ? serverName : "";
      const socket = tls.connect({ host, port, servername, rejectUnauthorized: false });
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        socket.destroy();
        settle();
      };
      const fail = (why: string) => end(() => reject(new Error(why)));
      const timer = setTimeout(() => fail(`no handshake within ${timeout} ms`), timeout);
      socket.once("error", (error) => fail(error.message));
      socket.once("close", () => fail("the connection was closed during the handshake"));
      socket.once("secureConnect", () => {
        const certificate = describe(socket, serverName);
        end(() => resolve(certificate));
      });
    });
  },
};
