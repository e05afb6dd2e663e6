import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:tls";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { type Certificates, type Leaf, makeCertificates } from "./certificates.ts";

/** Connects to a server that shows `leaf`; resolves when the client has accepted it. */
async function shake(leaf: Leaf, ca: string): Promise<void> {
  const server = createServer({ cert: leaf.cert, key: leaf.key });
  server.on("tlsClientError", () => {}); // the client's refusal is the subject of the test
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await new Promise<void>((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port, ca, servername: "localhost" });
      socket.once("error", reject);
      socket.once("secureConnect", () => {
        socket.destroy();
        resolve();
      });
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

describe("harness: certificates", () => {
  let certs: Certificates;
  before(async () => void (certs = await makeCertificates()));
  after(() => certs.dispose());

  it("signs a leaf that holds, and others that do not", async () => {
    await shake(certs.server, certs.ca);
    await assert.rejects(shake(certs.server, certs.otherCa));
    await assert.rejects(shake(certs.wrongName, certs.ca));
    await assert.rejects(shake(certs.expired, certs.ca));
  });

  it("names the local host in each way", () => {
    const names = new X509Certificate(certs.server.cert).subjectAltName ?? "";
    assert.match(names, /DNS:localhost/);
    assert.match(names, /IP Address:127\.0\.0\.1/);
    assert.match(names, /IP Address:(::1|0:0:0:0:0:0:0:1)/);
  });

  it("encrypts the client's key", () => {
    const { encryptedKey, passphrase, key } = certs.client;
    assert.throws(() => createPrivateKey({ key: encryptedKey, passphrase: "wrong" }));
    const plain = createPrivateKey({ key: encryptedKey, passphrase }).export({
      type: "pkcs8",
      format: "pem",
    });
    assert.equal(String(plain).trim(), key.trim());
  });

  it("keeps files while it is needed", async () => {
    const own = await makeCertificates();
    assert.equal(readFileSync(own.caFile, "utf8"), own.ca);
    assert.equal(readFileSync(own.client.keyFile, "utf8"), own.client.key);
    own.dispose();
    assert.equal(existsSync(own.caFile), false);
  });
});
