/** TLS sessions: they are resumed by connections with the same options only, once each, and never cause an error. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import tls from "node:tls";
import { Redis, type SocketOptions, type TlsOptions, type Transport } from "../../mod.ts";
import { bunTransport } from "../../transports/bun.ts";
import { denoTransport } from "../../transports/deno.ts";
import { nodeTransport } from "../../transports/node.ts";
import { sessionKey, TlsSessionCache, tlsSessions } from "../../transports/shared/tls_sessions.ts";
import { type Certificates, makeCertificates } from "../harness/certificates.ts";
import { type ProxyConnection, startProxy } from "../harness/fault_proxy.ts";
import { removeFolder, temporaryFolder } from "../harness/folders.ts";
import { startServer } from "../harness/server.ts";
import { Recorder } from "./peer.ts";

const ON_DENO = "Deno" in globalThis;
const transports = [nodeTransport, ..."Bun" in globalThis ? [bunTransport] : []];
const skip = ON_DENO && "Deno's node:tls has no sessions";

let certificates: Certificates;
before(async () => void (certificates = await makeCertificates()));
after(() => certificates.dispose());

/** An echo server that notes which connections have resumed a session. */
async function echoServer(options: tls.TlsOptions = {}) {
  const resumed: boolean[] = [];
  const { cert, key } = certificates.server;
  const server = tls.createServer({ cert, key, ...options }, (socket) => {
    resumed.push(socket.isSessionReused());
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    resumed,
    port: (server.address() as net.AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

/** Connects, has one byte echoed, behind which all sessions have arrived, and closes. */
async function exchange(
  transport: Transport,
  port: number,
  options: TlsOptions,
  over: SocketOptions = {},
): Promise<void> {
  const heard = new Recorder();
  const socket = await transport.connect({ host: "localhost", port, tls: options }, over, heard);
  await socket.write(new Uint8Array([33]));
  await Promise.race([heard.until(1), heard.closed]);
  assert.equal(heard.text, "!");
  await socket.close();
}

for (const transport of transports) {
  describe(`TLS sessions (${transport.name})`, () => {
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      it(`are resumed, those of TLS 1.3 once each (${version})`, { skip }, async () => {
        await using server = await echoServer({ minVersion: version, maxVersion: version });
        const { ca } = certificates;
        await exchange(transport, server.port, { ca });
        const got = tlsSessions.size;
        await exchange(transport, server.port, { ca });
        await exchange(transport, server.port, { ca: new TextEncoder().encode(ca) });
        assert.deepEqual(server.resumed, [false, true, true]);
        if (version === "TLSv1.2") assert.equal(tlsSessions.size, got, "it serves several connections");
      });
    }

    it("belong to all options: other ones begin a session of their own", { skip }, async () => {
      const { ca, caFile, otherCa, client } = certificates;
      await using server = await echoServer({
        ca,
        requestCert: true,
        rejectUnauthorized: false,
        ALPNProtocols: ["redis"],
      });
      const variants: TlsOptions[] = [
        { ca },
        { ca, verify: "none" },
        { ca, checkHostname: false },
        { ca, serverName: "127.0.0.1.example", checkHostname: false },
        { ca: [ca, otherCa] },
        { ca, minVersion: "TLSv1.3" },
        { ca, alpn: ["redis"] },
        { ca, cert: client.cert, key: client.key },
        { ca, ciphers: "TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256" },
        { verify: "none" },
      ];
      for (const variant of variants) await exchange(transport, server.port, variant);
      assert.deepEqual(server.resumed, variants.map(() => false));
      // The content of a file counts, not its path.
      for (const variant of [...variants, { ca: caFile }]) await exchange(transport, server.port, variant);
      assert.deepEqual(server.resumed.slice(variants.length), [...variants, {}].map(() => true));
    });

    it("are not resumed with checkServerIdentity, or if switched off", { skip }, async () => {
      await using server = await echoServer();
      const { ca } = certificates;
      let asked = 0;
      const checkServerIdentity = () => void asked++;
      await exchange(transport, server.port, { ca });
      const kept = tlsSessions.size;
      for (let round = 0; round < 2; round++) {
        await exchange(transport, server.port, { ca, checkServerIdentity });
        await exchange(transport, server.port, { ca, sessionResumption: false });
      }
      assert.equal(asked, 2);
      assert.deepEqual(server.resumed, [false, false, false, false, false]);
      assert.equal(tlsSessions.size, kept);
      await exchange(transport, server.port, { ca });
      assert.equal(server.resumed.at(-1), true);
    });

    it(
      "do not replace the verification by stricter options, or other authorities in the same file",
      { skip },
      async () => {
        const { ca, otherCa, wrongName } = certificates;
        await using server = await echoServer(wrongName);
        const folder = temporaryFolder();
        try {
          const file = join(folder, "ca.pem");
          writeFileSync(file, ca);
          const trusting = { ca: file, serverName: "wrong.example" };
          for (const lax of [{ verify: "none" } as const, { ca, checkHostname: false }, trusting]) {
            await exchange(transport, server.port, lax);
          }
          await assert.rejects(exchange(transport, server.port, { ca }), /is for another name/);
          await assert.rejects(exchange(transport, server.port, { ca: file }), /is for another name/);
          await assert.rejects(exchange(transport, server.port, {}), /not issued by an authority/);
          writeFileSync(file, otherCa);
          await assert.rejects(exchange(transport, server.port, trusting), /not issued by an authority/);
          writeFileSync(file, ca);
          await exchange(transport, server.port, trusting);
        } finally {
          removeFolder(folder);
        }
      },
    );

    it("that a server no longer knows lead to a full handshake", { skip }, async () => {
      await using before = await echoServer();
      await using afterwards = await echoServer();
      let { port } = before;
      const front = net.createServer((socket) => {
        const behind = net.connect(port, "127.0.0.1");
        for (const one of [socket, behind]) one.on("error", () => {});
        socket.pipe(behind).pipe(socket);
      });
      await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
      const { ca } = certificates;
      const address = front.address() as net.AddressInfo;
      await exchange(transport, address.port, { ca });
      port = afterwards.port;
      await exchange(transport, address.port, { ca });
      await exchange(transport, address.port, { ca });
      assert.deepEqual([before.resumed, afterwards.resumed], [[false], [false, true]]);
      await new Promise<void>((resolve) => front.close(() => resolve()));
    });

    it("are offered to no server that ends the handshake because of them", { skip }, async () => {
      // Without a cache of sessions, Redis asks for a client certificate and ends each handshake with a session by an alert.
      await using server = await startServer({ tls: { clients: "yes" }, config: ["tls-session-caching no"] });
      const { ca, client: { cert, key } } = server.certificates!;
      const offered: boolean[] = [];
      const { take } = tlsSessions;
      tlsSessions.take = (key) => {
        const session = take.call(tlsSessions, key);
        offered.push(session !== undefined);
        return session;
      };
      try {
        for (let round = 0; round < 4; round++) {
          await using redis = new Redis({
            host: "localhost",
            port: server.tlsPort,
            tls: { ca, cert, key },
            transport,
            retry: false,
          });
          assert.equal(await redis.ping(), "PONG");
        }
      } finally {
        tlsSessions.take = take;
      }
      assert.deepEqual(offered, [false, true, true, false]);
    });

    it("are still offered after cuts within handshakes, also of several at once", { skip }, async () => {
      await using server = await echoServer({ minVersion: "TLSv1.3", maxVersion: "TLSv1.3" });
      await using proxy = await startProxy(server);
      const { ca } = certificates;
      // Two connections are cut once both are there.
      let cutting = false;
      const cut: ProxyConnection[] = [];
      proxy.on("connection", (connection) => {
        if (!cutting) return;
        connection.freeze();
        if (cut.push(connection) < 2) return;
        cutting = false;
        for (const [index, one] of cut.splice(0).entries()) {
          one.cutAfter({ toServer: 100, how: index === 0 ? "fin" : "reset" });
          one.thaw();
        }
      });
      await exchange(transport, proxy.port, { ca });
      for (const round of [1, 2, 3]) {
        cutting = true;
        await Promise.all([1, 2].map(() => exchange(transport, proxy.port, { ca })));
        await exchange(transport, proxy.port, { ca });
        assert.deepEqual(server.resumed.splice(0).slice(-3), [false, false, true], `round ${round}`);
      }
      assert.equal(proxy.connections.length, 1 + 3 * 5);
    });

    it("are resumed by a client that connects again", { skip }, async () => {
      await using server = await startServer({ tls: true, config: ["tls-protocols TLSv1.3"] });
      const resumed: unknown[] = [];
      const { validity } = tlsSessions;
      tlsSessions.validity = (socket, offered) => {
        resumed.push(socket.isSessionReused?.());
        return validity.call(tlsSessions, socket, offered);
      };
      try {
        await using redis = new Redis({
          host: "localhost",
          port: server.tlsPort,
          tls: { ca: readFileSync(server.certificates!.caFile, "utf8") },
          transport,
          reconnect: { backoff: "constant:1" },
        });
        await redis.ping();
        for (let round = 0; round < 3; round++) {
          const ready = new Promise((resolve) => redis.addEventListener("ready", resolve, { once: true }));
          await server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
          await ready;
          await redis.ping();
        }
      } finally {
        tlsSessions.validity = validity;
      }
      // Redis sends two sessions first, then one for each that was resumed.
      assert.deepEqual(resumed, [false, false, true, true, true]);
    });
  });
}

it("a session that was not offered, as the server was not reached, is kept", { skip }, async () => {
  await using server = await echoServer({ maxVersion: "TLSv1.3", minVersion: "TLSv1.3" });
  const { ca } = certificates;
  await exchange(nodeTransport, server.port, { ca });
  const away = { lookup: () => "127.0.0.2" };
  for (let round = 0; round < 5; round++) {
    await assert.rejects(exchange(nodeTransport, server.port, { ca }, away), /Cannot connect/);
  }
  await exchange(nodeTransport, server.port, { ca });
  assert.deepEqual(server.resumed, [false, true]);
});

it(
  "Deno refuses to switch off its own sessions, which it has without tls.ca",
  { skip: !ON_DENO },
  async () => {
    const connect = (options: TlsOptions) => exchange(denoTransport, 1, options);
    await assert.rejects(
      connect({ sessionResumption: false }),
      (error) => error instanceof TypeError && /tls\.sessionResumption/.test(error.message),
    );
    await assert.rejects(connect({ sessionResumption: false, ca: certificates.ca }), /refused/);
  },
);

describe("the cache of TLS sessions", () => {
  const HOUR = 3_600_000;
  const bytes = (length = 1): Uint8Array => new Uint8Array(length);

  it("keeps a session until the certificate has expired, an hour at most, also through resumed ones", () => {
    let now = Date.parse("2030-01-01T00:00:00Z");
    const cache = new TlsSessionCache(() => now);
    const socket = (validTo: string, reused = false) => ({
      isSessionReused: () => reused,
      getPeerX509Certificate: () => ({ validTo }),
    });
    const later = "Jan  1 00:00:00 2031 GMT";
    assert.equal(cache.validity(socket(later), undefined), now + HOUR);
    assert.equal(cache.validity(socket("Jan  1 00:10:00 2030 GMT"), undefined), now + 600_000);
    assert.equal(cache.validity({}, undefined), now + HOUR);
    now += 1_000;
    assert.equal(cache.validity(socket(later, true), now + 5), now + 5);
    assert.equal(cache.validity({}, now + 5), now + 5);
    assert.equal(
      cache.validity(socket(later), now + 5),
      now + HOUR,
      "it was refused, and the certificate verified",
    );
    for (const once of [true, false]) {
      cache.keep("k", { bytes: bytes(), until: now + 10, once });
      now += 10;
      assert.equal(cache.take("k"), undefined);
      assert.equal(cache.size, 0);
      cache.keep("k", { bytes: bytes(), until: now, once });
      assert.equal(cache.size, 0);
    }
  });

  it("is bounded, and returns the latest session of a key", () => {
    const cache = new TlsSessionCache(() => 0);
    const session = (length: number, once = true) => ({ bytes: bytes(length), until: 1, once });
    for (let length = 1; length <= 100; length++) cache.keep("k", session(length));
    assert.equal(cache.size, 8);
    assert.deepEqual([1, 2].map(() => cache.take("k")?.bytes.length), [100, 99]);
    cache.keep("k", session(7, false));
    assert.deepEqual([1, 2, 3].map(() => cache.take("k")?.bytes.length), [7, 7, 7]);
    cache.keep("big", session(16_385));
    assert.equal(cache.take("big"), undefined);
    for (let key = 0; key < 100; key++) {
      cache.keep(`key ${key}`, session(1, false));
      cache.take("k");
    }
    assert.equal(cache.size, 32);
    assert.notEqual(cache.take("k"), undefined, "it was used last");
    assert.equal(cache.take("key 0"), undefined);
    cache.forget("k");
    assert.equal(cache.take("k"), undefined);
  });

  it("keeps nothing for an hour of a server that cannot resume", () => {
    let now = 0;
    const cache = new TlsSessionCache(() => now);
    const keep = () => cache.keep("k", { bytes: bytes(), until: now + 1, once: true });
    const refuse = () => {
      keep();
      cache.refuse("k", cache.take("k")!);
    };
    refuse();
    keep();
    cache.take("k");
    cache.accept("k");
    refuse();
    keep();
    assert.equal(cache.size, 1, "a handshake with a session succeeded in between");
    refuse();
    for (const [time, kept] of [[0, 0], [HOUR - 1, 0], [HOUR, 1]] as const) {
      now = time;
      keep();
      assert.equal(cache.size, kept);
    }
  });

  it("has a key for each address, API and option, with the content of secrets and files", () => {
    const base: TlsOptions = { ca: "path", cert: "path", key: "path", pfx: "path", passphrase: "p" };
    const material = { ca: ["1"], cert: "1", key: "1", pfx: bytes(1) };
    const key = (
      over: TlsOptions = {},
      content: object = {},
      to: object = {},
      api: "node" | "bun" = "node",
    ) => sessionKey(api, { host: "h", port: 1, ...to }, { ...base, ...over }, { ...material, ...content });
    const keys = [
      key(),
      key({}, {}, {}, "bun"),
      key({}, {}, { host: "other" }),
      key({}, {}, { port: 2 }),
      key({}, { ca: ["2"] }),
      key({}, { ca: ["1", "2"] }),
      key({}, { ca: undefined }),
      key({}, { cert: "2" }),
      key({}, { key: "2" }),
      key({}, { pfx: bytes(2) }),
      key({}, { pfx: undefined }),
      key({ passphrase: "q" }),
      key({ verify: "none" }),
      key({ checkHostname: false }),
      key({ serverName: "s" }),
      key({ minVersion: "TLSv1.3" }),
      key({ ciphers: "c" }),
      key({ alpn: ["a"] }),
      key({ alpn: ["a", "b"] }),
      key({ sessionResumption: true }),
    ];
    assert.equal(new Set(keys).size, keys.length);
    assert.equal(key(), keys[0]);
    assert.ok(keys.every((one) => /^[A-Za-z0-9+/]{43}=$/.test(one!)));
    const hidden = Object.defineProperty({ ...base }, "passphrase", { value: "q", enumerable: false });
    assert.equal(sessionKey("node", { host: "h", port: 1 }, hidden, material), key({ passphrase: "q" }));
    assert.equal(key({ sessionResumption: false }), undefined);
    assert.equal(key({ checkServerIdentity: () => undefined }), undefined);
  });
});
