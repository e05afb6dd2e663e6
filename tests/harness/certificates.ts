/**
 * Certificates for tests, created in each process: an authority, and valid and invalid certificates. The server never
 * sends the authority's own certificate, which Deno's TLS refuses.
 *
 * @module
 */
import "reflect-metadata"; // @peculiar/x509 needs it to be there first
import * as x509 from "@peculiar/x509";
import { createPrivateKey } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeFolder, temporaryFolder } from "./folders.ts";

/** A certificate and its key, as PEM text and as files. */
export interface Leaf {
  /** PEM text of the certificate. */
  readonly cert: string;
  /** PEM text of the key (PKCS #8, not encrypted). */
  readonly key: string;
  /** A file with `cert`. */
  readonly certFile: string;
  /** A file with `key`. */
  readonly keyFile: string;
}

/** All that TLS tests need. */
export interface Certificates {
  /** The authority that signed everything but itself. */
  readonly ca: string;
  /** A file with `ca`. */
  readonly caFile: string;
  /** An authority that signed nothing here. */
  readonly otherCa: string;
  /** A file with `otherCa`. */
  readonly otherCaFile: string;
  /** Valid for localhost, 127.0.0.1 and ::1. */
  readonly server: Leaf;
  /** Valid for wrong.example only. */
  readonly wrongName: Leaf;
  /** For localhost, expired. */
  readonly expired: Leaf;
  /** For localhost, not valid yet. */
  readonly notYetValid: Leaf;
  /** For a client, with an encrypted copy of its key. */
  readonly client: Leaf & {
    /** PEM text of the key, encrypted. */
    readonly encryptedKey: string;
    /** A file with `encryptedKey`. */
    readonly encryptedKeyFile: string;
    /** The passphrase of the encrypted key. */
    readonly passphrase: string;
  };
  /** Makes one for these host names, that holds; its files are called after the first. */
  issue(...names: readonly [string, ...string[]]): Promise<Leaf>;
  /** Removes the files. */
  dispose(): void;
}

const DAY = 24 * 60 * 60 * 1000;
const KEY = { name: "ECDSA", namedCurve: "P-256" };
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" };

interface Authority {
  readonly cert: x509.X509Certificate;
  readonly keys: CryptoKeyPair;
}

async function makeKeys(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(KEY, true, ["sign", "verify"]) as CryptoKeyPair;
}

async function makeAuthority(name: string): Promise<Authority> {
  const keys = await makeKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + 30 * DAY),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert, keys };
}

async function makeLeaf(
  authority: Authority,
  folder: string,
  name: string,
  names: { type: "dns" | "ip"; value: string }[],
  validUntil: number,
): Promise<Leaf> {
  const keys = await makeKeys();
  const cert = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: authority.cert.subject,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    notBefore: new Date(validUntil - 30 * DAY),
    notAfter: new Date(validUntil),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      // A Redis server is a client of its master and of the other nodes of its cluster, too.
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension(names),
      await x509.AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  const texts = {
    cert: cert.toString("pem") + "\n",
    key: x509.PemConverter.encode(pkcs8, "PRIVATE KEY") + "\n",
  };
  return {
    ...texts,
    certFile: save(folder, `${name}.crt`, texts.cert),
    keyFile: save(folder, `${name}.key`, texts.key),
  };
}

function save(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** Makes a set of certificates in a temporary folder. Most callers share the one of {@linkcode certificates}. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = temporaryFolder();
  const [authority, other] = await Promise.all([
    makeAuthority("keywire-ca"),
    makeAuthority("keywire-other-ca"),
  ]);
  const [ca, otherCa] = [authority, other].map(({ cert }) => cert.toString("pem") + "\n") as [string, string];
  const local: { type: "dns" | "ip"; value: string }[] = [
    { type: "dns", value: "localhost" },
    { type: "ip", value: "127.0.0.1" },
    { type: "ip", value: "::1" },
  ];
  const future = Date.now() + 29 * DAY;
  const client = await makeLeaf(authority, folder, "client", [{ type: "dns", value: "client" }], future);
  const passphrase = "open sesame";
  const encryptedKey = createPrivateKey(client.key)
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase }) as string;
  return {
    ca,
    caFile: save(folder, "ca.crt", ca),
    otherCa,
    otherCaFile: save(folder, "other-ca.crt", otherCa),
    server: await makeLeaf(authority, folder, "server", local, future),
    wrongName: await makeLeaf(
      authority,
      folder,
      "wrong.example",
      [{ type: "dns", value: "wrong.example" }],
      future,
    ),
    expired: await makeLeaf(authority, folder, "expired", local, Date.now() - DAY),
    notYetValid: await makeLeaf(authority, folder, "not-yet-valid", local, Date.now() + 31 * DAY),
    client: {
      ...client,
      encryptedKey,
      encryptedKeyFile: save(folder, "client-encrypted.key", encryptedKey),
      passphrase,
    },
    issue: (...names) =>
      makeLeaf(authority, folder, names[0], names.map((value) => ({ type: "dns", value })), future),
    dispose: () => removeFolder(folder),
  };
}

let shared: Promise<Certificates> | undefined;

/** The set that this process shares; its files are removed when the process ends. */
export function certificates(): Promise<Certificates> {
  shared ??= makeCertificates();
  return shared;
}
