/**
 * TLS: connected means verified; each option does what it says, or is refused by name.
 *
 * @module
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { it } from "node:test";
import { createSecureContext, type TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { ConnectionError } from "../../src/errors.ts";
import type { TlsOptions, Transport } from "../../src/transport.ts";
import { certificates } from "../harness/certificates.ts";
import { drain, event, hashOf, noise, type Peer, peer, Recorder, tlsPeer, turns } from "./peer.ts";

const MIB = 1_048_576;

/**
 * The next connection on which something is said, which is sent back. Others are of clients that have refused the
 * certificate: to the server, their handshake may have been complete.
 */
async function speaker(server: Peer): Promise<TLSSocket> {
  for (;;) {
    const other = await server.next() as TLSSocket;
    if (other.destroyed) continue;
    const word = await new Promise<Uint8Array | undefined>((resolve) => {
      other.once("data", resolve);
      other.once("close", () => resolve(undefined));
    });
    if (word === undefined) continue;
    other.write(word);
    return other;
  }
}

/** Declares the tests. */
export function tlsContract(transport: Transport): void {
  /** Connects, has one byte echoed, and gives the server's side of it. */
  async function exchange(
    server: Peer,
    tls: TlsOptions,
    host = "localhost",
  ): Promise<TLSSocket> {
    const heard = new Recorder();
    const socket = await transport.connect(
      { host, port: server.port, tls },
      { connectTimeout: 10_000 },
      heard,
    );
    await socket.write(new Uint8Array([33]));
    const other = await speaker(server);
    await Promise.race([heard.until(1), heard.closed]);
    assert.equal(heard.text, "!", `closed instead: ${await Promise.race([heard.closed, "no"])}`);
    socket.destroy();
    return other;
  }

  async function refusal(
    port: number,
    tls: TlsOptions,
    reason: RegExp,
    host = "localhost",
    code = "TLS",
  ): Promise<void> {
    const heard = new Recorder();
    try {
      (await transport.connect({ host, port, tls }, { connectTimeout: 10_000 }, heard)).destroy();
    } catch (error) {
      assert.ok(error instanceof ConnectionError, String(error));
      assert.deepEqual([error.code, error.executed], [code, "no"], error.message);
      assert.match(error.message, /^Cannot connect to /);
      assert.match(error.message, reason);
      assert.equal(heard.closes, 0, "close() for a socket that never was");
      return;
    }
    assert.fail("it connected");
  }

  const UNTRUSTED = /not issued by an authority that is trusted/;
  const OTHER_NAME = /is for another name/;

  it("verifies a good certificate, by PEM text, bytes, path and list", async () => {
    const { ca, caFile, otherCa, server: { cert, key } } = await certificates();
    await using server = await tlsPeer({ cert, key });
    for (const source of [ca, caFile, new TextEncoder().encode(ca), [otherCa, caFile]]) {
      await exchange(server, { ca: source });
    }
    await exchange(server, { ca, verify: "required", checkHostname: true, minVersion: "TLSv1.2" });
    await exchange(server, { ca, verify: "optional" });
    await exchange(server, { ca }, "127.0.0.1");
  });

  it("refuses a certificate of an authority that is not trusted", async () => {
    const { otherCa, server: { cert, key } } = await certificates();
    await using server = await tlsPeer({ cert, key });
    await refusal(server.port, {}, UNTRUSTED);
    await refusal(server.port, { ca: otherCa }, UNTRUSTED);
    await refusal(server.port, { ca: otherCa, verify: "optional" }, UNTRUSTED);
    await refusal(server.port, { ca: otherCa, checkHostname: false }, UNTRUSTED);
    await refusal(server.port, { ca: otherCa }, UNTRUSTED, "127.0.0.1");
  });

  it("refuses a certificate for another name, unless told not to look", async () => {
    const { ca, otherCa, wrongName: { cert, key } } = await certificates();
    await using server = await tlsPeer({ cert, key });
    await refusal(server.port, { ca }, OTHER_NAME);
    await refusal(server.port, { ca }, OTHER_NAME, "127.0.0.1");
    await refusal(server.port, { ca: otherCa, checkHostname: false }, UNTRUSTED);
    await exchange(server, { ca, checkHostname: false });
    await exchange(server, { ca, serverName: "wrong.example" });
    await exchange(server, { verify: "none" });
  });

  it("checks the name in serverName, not the host, when both are there", async () => {
    const { ca, server: { cert, key } } = await certificates();
    await using server = await tlsPeer({ cert, key });
    await refusal(server.port, { ca, serverName: "wrong.example" }, OTHER_NAME);
    await refusal(server.port, { ca, serverName: "wrong.example" }, OTHER_NAME, "127.0.0.1");
  });

  it("refuses a certificate that has expired", async () => {
    const { ca, expired: { cert, key } } = await certificates();
    await using server = await tlsPeer({ cert, key });
    await refusal(server.port, { ca }, /has expired/);
    await refusal(server.port, { ca, checkHostname: false }, /has expired/);
    await exchange(server, { verify: "none" });
  });

  it("accepts any certificate only with verify: none, whatever the environment says", async () => {
    const { server: { cert, key }, otherCa } = await certificates();
    await using server = await tlsPeer({ cert, key });
    await exchange(server, { verify: "none" });
    await exchange(server, { verify: "none", ca: otherCa });
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    try {
      await refusal(server.port, {}, UNTRUSTED);
      await refusal(server.port, { ca: otherCa, checkHostname: false }, UNTRUSTED);
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
  });

  it("sends the name of the host, or serverName, as SNI", async () => {
    const { ca, server: { cert, key }, wrongName } = await certificates();
    const asked: string[] = [];
    await using server = await tlsPeer({
      cert,
      key,
      SNICallback(name, done) {
        // Deno calls it without a name, too.
        if (name) asked.push(name);
        done(null, createSecureContext(name === "wrong.example" ? wrongName : { cert, key }));
      },
    });
    await exchange(server, { ca });
    await exchange(server, { ca, serverName: "wrong.example" });
    await exchange(server, { ca }, "127.0.0.1");
    // An address is no name: nothing was asked for the third.
    assert.deepEqual(asked, ["localhost", "wrong.example"]);
  });

  it("shows a client certificate, also with an encrypted key", async () => {
    const { ca, server: { cert, key }, client } = await certificates();
    await using server = await tlsPeer({ cert, key, ca, requestCert: true, rejectUnauthorized: true });
    const plain = await exchange(server, { ca, cert: client.cert, key: client.key });
    assert.equal(plain.authorized, true);
    await exchange(server, { ca, cert: client.certFile, key: client.keyFile });
    const { encryptedKey, encryptedKeyFile, passphrase } = client;
    for (const key of [encryptedKey, encryptedKeyFile]) {
      await exchange(server, { ca, cert: client.cert, key, passphrase });
    }
  });

  it("presents a certificate from a PKCS #12 container", async () => {
    const { ca, server: { cert, key } } = await certificates();
    const file = fileURLToPath(new URL("./fixtures/pkcs12_client.pfx", import.meta.url));
    const signer = readFileSync(new URL("./fixtures/pkcs12_client.pem", import.meta.url), "utf8");
    await using server = await tlsPeer({ cert, key, ca: signer, requestCert: true });
    for (const pfx of [file, new Uint8Array(readFileSync(file))]) {
      const other = await exchange(server, { ca, pfx, passphrase: "opens" });
      assert.deepEqual([other.authorized, other.getPeerCertificate().subject.CN], [
        true,
        "client of a container",
      ]);
    }
    const closed = /tls\.pfx cannot be opened with tls\.passphrase/;
    await refusal(server.port, { ca, pfx: file, passphrase: "wrong" }, closed);
    await refusal(server.port, { ca, pfx: file }, closed);
    await refusal(server.port, { ca, pfx: new Uint8Array([1, 2, 3]), passphrase: "opens" }, closed);
    await refusal(server.port, { ca, pfx: "/nowhere.pfx" }, /tls\.pfx cannot be read as a file \(ENOENT\)/);
  });

  it("asks checkServerIdentity instead of comparing names", async () => {
    const { ca, otherCa, wrongName: { cert, key } } = await certificates();
    await using server = await tlsPeer({ cert, key });
    const asked: unknown[] = [];
    const checkServerIdentity: NonNullable<TlsOptions["checkServerIdentity"]> = (host, certificate) => {
      asked.push([host, certificate.subjectaltname, typeof certificate.fingerprint256]);
      return undefined;
    };
    // A resumed session must not go by it.
    await exchange(server, { ca, checkServerIdentity });
    await exchange(server, { ca, checkServerIdentity }, "127.0.0.1");
    await exchange(server, { ca, checkServerIdentity });
    const row = (host: string) => [host, "DNS:wrong.example", "string"];
    assert.deepEqual(asked, [row("localhost"), row("127.0.0.1"), row("localhost")]);
    await refusal(
      server.port,
      { ca, checkServerIdentity: () => new Error("not our server") },
      /TLS: not our server$/,
    );
    const thrower = () => {
      throw new Error("the check failed");
    };
    await refusal(server.port, { ca, checkServerIdentity: thrower }, /TLS: the check failed$/);
    const later = (() => Promise.resolve()) as unknown as typeof checkServerIdentity;
    await refusal(server.port, { ca, checkServerIdentity: later }, /must not be asynchronous/);
    await refusal(server.port, { ca: otherCa, checkServerIdentity }, UNTRUSTED);
    assert.equal(asked.length, 3, "the authority is verified first");
  });

  it("says that a client key cannot be opened, and shows nothing of it", async () => {
    const { ca, server: { cert, key }, client } = await certificates();
    await using server = await tlsPeer({ cert, key });
    const wrong = { ca, cert: client.cert, key: client.encryptedKey, passphrase: "not the passphrase" };
    await refusal(server.port, wrong, /tls\.key cannot be opened with tls\.passphrase/);
    await refusal(server.port, { ...wrong, passphrase: undefined }, /tls\.passphrase is missing/);
    await refusal(server.port, { ca, cert, key: client.key }, /tls\.key is not the key of tls\.cert/);
    await refusal(server.port, { ca, cert: client.cert, key: cert }, /tls\.key holds no private key/);
    // A key that has lost its first line looks like a path.
    const bare = client.key.split("\n").slice(1).join("\n");
    try {
      await transport.connect(
        { host: "localhost", port: server.port, tls: { ...wrong, key: bare } },
        {},
        new Recorder(),
      );
      assert.fail("it connected");
    } catch (error) {
      assert.ok(error instanceof ConnectionError, String(error));
      assert.match(error.message, /tls\.key is no PEM text, and cannot be read as a file/);
      assert.equal(error.cause, undefined);
      assert.ok(!error.message.includes(bare.slice(0, 20)));
    }
  });

  it("names what cannot be read", async () => {
    const { ca } = await certificates();
    await refusal(6379, { ca: "/nowhere/ca.pem" }, /tls\.ca is no PEM text.*ENOENT/);
    await refusal(6379, { ca: new TextEncoder().encode("junk") }, /tls\.ca holds no PEM text/);
    const broken = ca.replace(/\n[^-]+\n/, "\nMIIB\n");
    await refusal(6379, { ca: broken }, /tls\.ca holds a certificate that cannot be read/);
    await refusal(
      6379,
      { ca, cert: "/nowhere/c.pem", key: "/nowhere/k.pem" },
      /tls\.(cert|key) is no PEM text/,
    );
  });

  it("hears that the server wants a client certificate", async () => {
    const { ca, server: { cert, key } } = await certificates();
    await using server = await tlsPeer({ cert, key, ca, requestCert: true, rejectUnauthorized: true });
    // With TLS 1.3 the client is done before the server has looked: then it is the link that is lost.
    const heard = new Recorder();
    const endpoint = { host: "localhost", port: server.port, tls: { ca } };
    const error = await transport.connect(endpoint, {}, heard).then(() => heard.closed, (error) => error);
    assert.ok(error instanceof ConnectionError, String(error));
    assert.match(error.message, /certificate|reset|closed/i);
  });

  it("accepts no version below minVersion", async () => {
    const { ca, server: { cert, key } } = await certificates();
    await using old = await tlsPeer({ cert, key, maxVersion: "TLSv1.2" });
    assert.equal((await exchange(old, { ca })).getProtocol(), "TLSv1.2");
    await refusal(old.port, { ca, minVersion: "TLSv1.3" }, /no version of TLS/);
    await refusal(old.port, { verify: "none", minVersion: "TLSv1.3" }, /no version of TLS/);
    await using modern = await tlsPeer({ cert, key });
    assert.equal((await exchange(modern, { ca, minVersion: "TLSv1.3" })).getProtocol(), "TLSv1.3");
  });

  it("offers only the ciphers that are asked for, or refuses tls.ciphers by name", async () => {
    const { ca, server: { cert, key } } = await certificates();
    await using server = await tlsPeer({ cert, key, maxVersion: "TLSv1.2" });
    const ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305";
    if ("Deno" in globalThis) {
      const refused = exchange(server, { ca, ciphers });
      await assert.rejects(
        refused,
        (error) => error instanceof TypeError && /tls\.ciphers/.test(error.message),
      );
      return;
    }
    assert.equal((await exchange(server, { ca, ciphers })).getCipher().name, ciphers);
    await refusal(server.port, { ca, ciphers: "NO-SUCH-CIPHER" }, /./);
  });

  it("offers protocols by ALPN", async () => {
    const { ca, server: { cert, key } } = await certificates();
    await using server = await tlsPeer({ cert, key, ALPNProtocols: ["redis", "other"] });
    assert.equal((await exchange(server, { ca, alpn: ["unknown", "redis"] })).alpnProtocol, "redis");
  });

  it("says that the server does not speak TLS, or hangs up", async () => {
    const { ca } = await certificates();
    await using server = await peer();
    const spoke = refusal(server.port, { ca }, /does not speak TLS/);
    (await server.next()).write("-ERR unknown command\r\n-ERR unknown command\r\n");
    await spoke;
    const hungUp = refusal(server.port, { ca }, /does the server speak TLS/, "localhost", "CONNECT");
    const other = await server.next();
    await event(other, "readable");
    other.end();
    other.resume();
    await hungUp;
    const reset = refusal(server.port, { ca }, /does the server speak TLS/, "localhost", "CONNECT");
    const third = await server.next();
    await event(third, "readable");
    third.resetAndDestroy();
    await reset;
  });

  it("carries much both ways, with a slow peer and with pauses, and sends all before it closes", async () => {
    const { ca, server: { cert, key } } = await certificates();
    await using server = await tlsPeer({ cert, key });
    const heard = new Recorder();
    const endpoint = { host: "localhost", port: server.port, tls: { ca } };
    const socket = await transport.connect(endpoint, {}, heard);
    const other = await server.next();
    other.pause();
    const up = noise(24 * MIB), down = noise(8 * MIB);
    const pending = socket.write(up);
    assert.ok(pending instanceof Promise);
    let done = false;
    pending.then(() => done = true);
    await turns();
    assert.equal(done, false);
    const arrived = drain(other);
    await pending;
    heard.onData = () => {
      socket.pause();
      setImmediate(() => socket.resume());
    };
    other.write(down);
    await heard.until(down.length);
    assert.equal(heard.hash, hashOf(down));
    const last = noise(3 * MIB);
    const lastPending = Promise.resolve(socket.write(last));
    await socket.close();
    await lastPending;
    assert.equal((await arrived).hash, hashOf(up, last));
    assert.equal(await heard.closed, undefined);
  });

  it("gives a buffer back at once, or when the promise resolves", async () => {
    const { ca, server: { cert, key } } = await certificates();
    await using server = await tlsPeer({ cert, key });
    const endpoint = { host: "localhost", port: server.port, tls: { ca } };
    const socket = await transport.connect(endpoint, {}, new Recorder());
    const arrived = drain(await server.next());
    const buffer = new Uint8Array(200_000);
    const sent: Uint8Array[] = [];
    for (let i = 0; i < 40; i++) {
      const bytes = noise(1 + (i * 7_919) % buffer.length).map((byte) => byte ^ i);
      sent.push(bytes);
      buffer.set(bytes);
      const pending = socket.write(buffer.subarray(0, bytes.length));
      if (pending !== undefined) await pending;
      buffer.fill(0xee);
    }
    await socket.close();
    assert.equal((await arrived).hash, hashOf(...sent));
  });

  it("trusts tls.ca instead of the runtime's own authorities, and these without it", async () => {
    const { caFile, otherCaFile, server: { cert, key } } = await certificates();
    await using server = await tlsPeer({ cert, key });
    const fixture = fileURLToPath(new URL("./fixtures/trust_child.ts", import.meta.url));
    const flags = "Deno" in globalThis ? ["run", "-A", "--quiet"] : [];
    const args = [...flags, fixture, transport.name, String(server.port), otherCaFile];
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, DENO_CERT: caFile, NODE_EXTRA_CA_CERTS: caFile },
    });
    let output = "";
    child.stdout.on("data", (chunk: Uint8Array) => output += new TextDecoder().decode(chunk));
    await new Promise((resolve) => child.once("close", resolve));
    assert.equal(output.trim(), "without ca: connected\nwith another: TLS");
  });
}
