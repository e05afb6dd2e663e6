/**
 * Keys and certificates: PEM text, its bytes, or the path of a file.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { ConnectionError } from "../../src/errors.ts";
import type { Endpoint, PemSource, TlsOptions } from "../../src/transport.ts";
import { addressOf, errnoOf } from "./failure.ts";

/** The texts that TLS needs, read. */
export interface PemTexts {
  readonly ca?: string[];
  readonly cert?: string;
  readonly key?: string;
}

/** Reads what is given as paths. Errors never show a source, as it might be a key with its first line lost. */
export async function readPems(endpoint: Endpoint, tls: TlsOptions): Promise<PemTexts> {
  const sources: readonly PemSource[] = tls.ca === undefined ? [] : Array.isArray(tls.ca) ? tls.ca : [tls.ca];
  const read = (source: PemSource | undefined, name: string) =>
    source === undefined ? undefined : readPem(endpoint, source, name);
  const [cert, key, ...ca] = await Promise.all([
    read(tls.cert, "tls.cert"),
    read(tls.key, "tls.key"),
    ...sources.map((source) => readPem(endpoint, source, "tls.ca")),
  ]);
  // What the runtimes say of it is the same as of a wrong passphrase.
  if (key?.includes("ENCRYPTED") && tls.passphrase === undefined) {
    throw unusable(endpoint, "tls.key is encrypted, and tls.passphrase is missing");
  }
  return { cert, key, ca: tls.ca === undefined ? undefined : ca as string[] };
}

async function readPem(endpoint: Endpoint, source: PemSource, name: string): Promise<string> {
  if (typeof source !== "string" && !(source instanceof Uint8Array)) {
    throw new TypeError(`Cannot connect: ${name} must be PEM text or the path of a PEM file`);
  }
  let text = typeof source === "string" ? source : new TextDecoder().decode(source);
  if (!text.includes("-----BEGIN") && typeof source === "string") {
    try {
      text = await readFile(source, "utf8");
    } catch (error) {
      const errno = errnoOf(error) ?? "unknown error";
      throw unusable(endpoint, `${name} is no PEM text, and cannot be read as a file (${errno})`);
    }
  }
  if (text.includes("-----BEGIN")) return text;
  throw unusable(endpoint, `${name} holds no PEM text`);
}

function unusable(endpoint: Endpoint, why: string): ConnectionError {
  const message = `Cannot connect to ${addressOf(endpoint)} by TLS: ${why}`;
  return new ConnectionError(message, { code: "TLS", executed: "no" });
}
