/**
 * Keys and certificates: PEM text, its bytes, or the path of a file. They are parsed here, because the runtimes
 * handle invalid ones differently: Deno's `node:tls` ignores them silently.
 *
 * @module
 */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { ConnectionError } from "../../src/errors.ts";
import type { Endpoint, PemSource, TlsOptions } from "../../src/transport.ts";
import { addressOf, errnoOf } from "./failure.ts";

/** The texts that TLS needs: read, and a key no longer encrypted. */
export interface PemTexts {
  readonly ca?: string[];
  readonly cert?: string;
  readonly key?: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/;
const PRIVATE_KEY = /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----[\s\S]*?-----END \1-----/;

/** Reads and checks the PEM sources. Errors never quote a source, because it may be a key. */
export async function readPems(endpoint: Endpoint, tls: TlsOptions): Promise<PemTexts> {
  const refuse = (why: string, cause?: unknown): ConnectionError =>
    new ConnectionError(`Cannot connect to ${addressOf(endpoint)} by TLS: ${why}`, {
      code: "TLS",
      executed: "no",
      cause,
    });
  const sources: readonly PemSource[] = tls.ca === undefined ? [] : Array.isArray(tls.ca) ? tls.ca : [tls.ca];
  const [cert, key, ...ca] = await Promise.all([
    read(tls.cert, "tls.cert", refuse),
    read(tls.key, "tls.key", refuse),
    ...sources.map((source) => read(source, "tls.ca", refuse)),
  ]) as [string | undefined, string | undefined, ...string[]];
  for (const text of ca) certificateOf(text, "tls.ca", refuse);
  if (cert === undefined || key === undefined) return { ca: tls.ca === undefined ? undefined : ca };
  const opened = open(key, tls.passphrase, refuse);
  if (!certificateOf(cert, "tls.cert", refuse).checkPrivateKey(opened)) {
    throw refuse("tls.key is not the key of tls.cert");
  }
  return {
    ca: tls.ca === undefined ? undefined : ca,
    cert,
    key: opened.export({ type: "pkcs8", format: "pem" }) as string,
  };
}

/** Reads a PKCS #12 container. */
export async function readPfx(endpoint: Endpoint, { pfx }: TlsOptions): Promise<Uint8Array | undefined> {
  if (typeof pfx !== "string") return pfx;
  try {
    return await readFile(pfx);
  } catch (error) {
    // Without the cause, which shows the path.
    const errno = errnoOf(error) ?? "unknown error";
    throw new ConnectionError(
      `Cannot connect to ${addressOf(endpoint)} by TLS: tls.pfx cannot be read as a file (${errno})`,
      { code: "TLS", executed: "no" },
    );
  }
}

type Refuse = (why: string, cause?: unknown) => ConnectionError;

async function read(
  source: PemSource | undefined,
  name: string,
  refuse: Refuse,
): Promise<string | undefined> {
  if (source === undefined) return undefined;
  if (typeof source !== "string" && !(source instanceof Uint8Array)) {
    throw new TypeError(`Cannot connect: ${name} must be PEM text or the path of a PEM file`);
  }
  let text = typeof source === "string" ? source : new TextDecoder().decode(source);
  if (!text.includes("-----BEGIN") && typeof source === "string") {
    try {
      text = await readFile(source, "utf8");
    } catch (error) {
      // Without the cause, which shows the path.
      const errno = errnoOf(error) ?? "unknown error";
      throw refuse(`${name} is no PEM text, and cannot be read as a file (${errno})`);
    }
  }
  if (text.includes("-----BEGIN")) return text;
  throw refuse(`${name} holds no PEM text`);
}

function certificateOf(text: string, name: string, refuse: Refuse): X509Certificate {
  const [first] = CERTIFICATE.exec(text) ?? [];
  if (first === undefined) throw refuse(`${name} holds no certificate`);
  try {
    return new X509Certificate(first);
  } catch (error) {
    throw refuse(`${name} holds a certificate that cannot be read`, error);
  }
}

function open(text: string, passphrase: string | undefined, refuse: Refuse): KeyObject {
  const [block] = PRIVATE_KEY.exec(text) ?? [];
  if (block === undefined) throw refuse("tls.key holds no private key");
  if (block.includes("ENCRYPTED") && passphrase === undefined) {
    throw refuse("tls.key is encrypted, and tls.passphrase is missing");
  }
  try {
    return createPrivateKey({ key: block, passphrase });
  } catch (error) {
    const why = passphrase === undefined ? "be read" : "be opened with tls.passphrase";
    throw refuse(`tls.key cannot ${why}`, error);
  }
}
