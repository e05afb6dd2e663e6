/** TLS from the options to the server, on every runtime: what is verified, what is refused, and that nothing downgrades. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  ConnectionError,
  ConnectionPool,
  Redis,
  type RedisOptions,
  TimeoutError,
  type TlsOptions,
} from "../../mod.ts";
import { type Faults, startProxy } from "../harness/fault_proxy.ts";
import { type Server, startServer } from "../harness/server.ts";

type Leaf = "server" | "wrongName" | "expired" | "notYetValid";
const servers = new Map<Leaf | "clients", Server>();
before(async () => {
  const kinds = ["server", "wrongName", "expired", "notYetValid"] as const;
  await Promise.all([
    ...kinds.map(async (leaf) => servers.set(leaf, await startServer({ tls: { leaf } }))),
    startServer({ tls: { clients: "yes" } }).then((server) => servers.set("clients", server)),
  ]);
});
after(() => Promise.all([...servers.values()].map((server) => server.stop())));

const certificates = (kind: Leaf | "clients" = "server") => servers.get(kind)!.certificates!;

/** Connects a client, says PING, and closes it; a failure comes as it came. */
async function ping(
  kind: Leaf | "clients",
  tls: TlsOptions | true,
  over: RedisOptions = {},
): Promise<string> {
  const { tlsPort } = servers.get(kind)!;
  const redis = new Redis(
    { host: "localhost", port: tlsPort, retry: false, ...over, tls } as RedisOptions<never>,
  );
  try {
    await redis.connect();
    return await redis.ping() as string;
  } finally {
    await redis.close();
  }
}

/** Asserts that the certificate is refused, at once and clearly, by a client and by a pool. */
async function refused(kind: Leaf | "clients", tls: TlsOptions | true, why: RegExp): Promise<void> {
  const check = (error: unknown): boolean => {
    assert.ok(error instanceof ConnectionError, String(error));
    assert.equal(error.code, "TLS", error.message);
    assert.equal(error.executed, "no");
    assert.match(error.message, why);
    assert.match(error.message, /Cannot connect to localhost:\d+ by TLS/);
    return true;
  };
  await assert.rejects(ping(kind, tls), check);
  // A command says so, too, instead of waiting for its deadline.
  const { tlsPort } = servers.get(kind)!;
  await using redis = new Redis({ host: "localhost", port: tlsPort, tls });
  await assert.rejects(redis.get("k"), check);
  await using pool = new ConnectionPool({ host: "localhost", port: tlsPort, tls });
  await assert.rejects(pool.acquire(), check);
  assert.equal(pool.stats().created + pool.stats().connecting, 0);
}

describe("SSLConnection(ssl_keyfile, ssl_certfile, ssl_cert_reqs, ssl_ca_certs, ssl_ca_data, ssl_check_hostname, ...)", () => {
  it("trusts the authority that is named, by text and by path, from an object and from a URL", async () => {
    const { ca, caFile } = certificates();
    assert.equal(await ping("server", { ca }), "PONG");
    assert.equal(await ping("server", { ca: caFile }), "PONG");
    assert.equal(await ping("server", { ca: [certificates().otherCa, ca] }), "PONG");
    const { tlsPort } = servers.get("server")!;
    await using redis = new Redis(`rediss://localhost:${tlsPort}/0?tls.ca=${encodeURIComponent(caFile)}`);
    assert.equal(await redis.ping(), "PONG");
  });

  const unknown = /authority that is trusted|self-signed/;
  const wrong = /for another name/;
  const expired = /TLS: the server's certificate has expired \(/;
  const early = /TLS: the server's certificate is not valid yet \(/;
  for (const verify of ["required", "optional", "none"] as const) {
    for (const checkHostname of [true, false]) {
      const how = `verify: ${verify}, checkHostname: ${checkHostname}`;
      it(`${how}: an authority that nobody named`, async () => {
        const { otherCa } = certificates();
        if (verify === "none") {
          assert.equal(await ping("server", { ca: otherCa, verify, checkHostname }), "PONG");
        } else await refused("server", { ca: otherCa, verify, checkHostname }, unknown);
      });
      it(`${how}: a certificate for another name`, async () => {
        const tls = { ca: certificates("wrongName").ca, verify, checkHostname };
        if (verify === "none" || !checkHostname) assert.equal(await ping("wrongName", tls), "PONG");
        else await refused("wrongName", tls, wrong);
      });
      it(`${how}: a certificate whose time is over`, async () => {
        const tls = { ca: certificates("expired").ca, verify, checkHostname };
        if (verify === "none") assert.equal(await ping("expired", tls), "PONG");
        else await refused("expired", tls, expired);
      });
      it(`${how}: a certificate whose time has not begun`, async () => {
        for (const ca of [certificates("notYetValid").ca, certificates().otherCa]) {
          const tls = { ca, verify, checkHostname };
          if (verify === "none") assert.equal(await ping("notYetValid", tls), "PONG");
          else await refused("notYetValid", tls, early);
        }
      });
      it(`${how}: a good certificate`, async () => {
        assert.equal(await ping("server", { ca: certificates().ca, verify, checkHostname }), "PONG");
      });
    }
  }

  it("verifies by default: without an authority of one's own nothing made here is trusted", async () => {
    await refused("server", true, unknown);
  });

  it("serverName is what is asked for and checked instead of the host", async () => {
    const { ca } = certificates("wrongName");
    assert.equal(await ping("wrongName", { ca, serverName: "wrong.example" }), "PONG");
    await refused("server", { ca: certificates().ca, serverName: "other.example" }, wrong);
  });

  it("shows a client's certificate, its key plain or encrypted, as text or as a file", async () => {
    const { ca, client } = certificates("clients");
    const { cert, key, certFile, keyFile, encryptedKey, encryptedKeyFile, passphrase } = client;
    assert.equal(await ping("clients", { ca, cert, key }), "PONG");
    assert.equal(await ping("clients", { ca, cert: certFile, key: keyFile }), "PONG");
    assert.equal(await ping("clients", { ca, cert, key: encryptedKey, passphrase }), "PONG");
    assert.equal(await ping("clients", { ca, cert: certFile, key: encryptedKeyFile, passphrase }), "PONG");
  });

  it("hands lookup, family and checkServerIdentity on, from clients and pools", async () => {
    const { tlsPort, certificates } = servers.get("wrongName")!;
    const seen: string[] = [];
    const options: RedisOptions = {
      host: "wrong.example",
      port: tlsPort,
      family: 4,
      lookup: (host, { family }) => (seen.push(`${host} ${family}`), "127.0.0.1"),
      tls: {
        ca: certificates!.ca,
        checkServerIdentity: (host, { subjectaltname }) => void seen.push(`${host}: ${subjectaltname}`),
      },
    };
    await using redis = new Redis(options);
    assert.equal(await redis.ping(), "PONG");
    await using pool = new ConnectionPool(options);
    pool.release(await pool.acquire());
    const once = ["wrong.example 4", "wrong.example: DNS:wrong.example"];
    assert.deepEqual(seen, [...once, ...once]);
  });

  it("without a client's certificate, or with a passphrase that does not fit, there is no connection", async () => {
    const { ca, client } = certificates("clients");
    await refused("clients", { ca }, /the server asks for a client certificate; give tls.cert and tls.key/);
    const { cert, key } = certificates("clients").expired;
    await refused("clients", { ca, cert, key }, /the client certificate \(tls\.cert\) has expired/);
    const tls = { ca, cert: client.cert, key: client.encryptedKey, passphrase: "not-this-one" };
    await assert.rejects(ping("clients", tls), (error: unknown) => {
      assert.ok(error instanceof ConnectionError, String(error));
      assert.match(error.message, /cannot be opened with tls\.passphrase/);
      assert.ok(!error.message.includes("not-this-one"));
      return true;
    });
  });

  for (const how of ["fin", "reset"] as const) {
    it(`a connection that is cut during the TLS handshake (${how}) is retried, as servers restart; commands wait in order`, async () => {
      const { tlsPort } = servers.get("server")!;
      await using proxy = await startProxy({ port: tlsPort! });
      const tls = { ca: certificates().ca, serverName: "localhost" };
      const reconnect = { backoff: "constant:1" } as const;
      const key = `cut-${how}`;
      const cuts = [{ toServer: 0 }, { toServer: 100 }, { toClient: 0 }, { toClient: 3 }, { toClient: 200 }];
      await using redis = new Redis({ host: proxy.host, port: proxy.port, tls, reconnect });
      const patient = redis.with({ timeout: 60_000 });
      for (const first of [1, 4]) {
        const left: Faults["cut"][] = [...cuts];
        const prepare = () => void (proxy.faults = left.length > 0 ? { cut: { ...left.shift(), how } } : {});
        prepare();
        proxy.on("connection", prepare);
        const calls = [patient.incr(key), patient.pipeline().incr(key).exec(), patient.incr(key)];
        assert.deepEqual((await Promise.all(calls)).flat(), [first, first + 1, first + 2]);
        assert.equal(left.length, 0);
        proxy.off("connection", prepare);
        if (first > 1) continue;
        // The same for a client that was connected.
        proxy.faults = { cut: { toServer: 0, how } };
        const lost = new Promise((resolve) =>
          redis.addEventListener("reconnecting", resolve, { once: true })
        );
        proxy.killAll();
        await lost;
      }
    });
  }

  it("without a client's certificate and without a handshake of ours, the command says so, and no other is tried", async () => {
    const { tlsPort } = servers.get("clients")!;
    const tls = { ca: certificates("clients").ca };
    const options = { host: "localhost", port: tlsPort, tls, protocol: 2, libName: false } as const;
    await using redis = new Redis({ ...options, commandTimeout: 0 });
    let tries = 0;
    redis.addEventListener("connecting", () => tries++);
    for (const call of [redis.incr("n"), redis.get("n")]) {
      await assert.rejects(call, (error: unknown) => {
        assert.ok(error instanceof ConnectionError, String(error));
        assert.equal(error.code, "TLS");
        return true;
      });
    }
    assert.equal(tries, 1);
  });

  it("never goes on without TLS: a server that speaks plainly at the port is refused", async () => {
    const { port } = servers.get("server")!;
    const ca = certificates().ca;
    const hellos = async (): Promise<string | undefined> =>
      /cmdstat_hello:calls=(\d+)/.exec(String(await servers.get("server")!.cli("INFO", "commandstats")))?.[1];
    const before = await hellos();
    for (const verify of ["required", "none"] as const) {
      await using redis = new Redis({
        host: "localhost",
        port,
        tls: { ca, verify },
        retry: false,
        connectTimeout: 300,
      });
      await assert.rejects(redis.connect(), (error: unknown) => {
        // The server takes the greeting for the beginning of a command, and waits for the rest.
        assert.ok(error instanceof ConnectionError || error instanceof TimeoutError, String(error));
        assert.match(error.message, /does the server speak TLS at this port/);
        assert.equal(error.executed, "no");
        return true;
      });
    }
    assert.equal(await hellos(), before, "nothing was said in the clear");
  });

  it("and a client without TLS gets nowhere at a port that speaks it", async () => {
    const { tlsPort } = servers.get("server")!;
    await using redis = new Redis({ host: "localhost", port: tlsPort, retry: false, connectTimeout: 1_000 });
    await assert.rejects(
      redis.connect(),
      (error: unknown) => (error as { executed: string }).executed === "no",
    );
  });
});
