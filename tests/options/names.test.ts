import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveBlockingPoolOptions, resolveOptions, resolveRedisOptions } from "../../src/options.ts";

/** Names of redis-py, redis-py-cluster and coredis; the connection options of the first are all here. */
const PYTHON: readonly [string, RegExp][] = [
  ["socket_timeout", /seconds.*`socketTimeout`, in milliseconds/],
  ["socket_connect_timeout", /seconds.*`connectTimeout`, in milliseconds/],
  ["health_check_interval", /seconds.*`healthCheckInterval`, in milliseconds/],
  ["socket_keepalive", /`keepAlive`/],
  ["socket_keepalive_options", /`keepAlive: \{ idle, interval, count \}`/],
  ["socket_type", /streams/],
  ["retry_on_timeout", /`retryOnTimeout`/],
  ["retry_on_error", /`retryOnError`/],
  ["encoding_errors", /`encodingErrors`/],
  ["decode_responses", /`encoding: "bytes"`/],
  ["parser_class", /`parser`/],
  ["socket_read_size", /`readBufferSize`/],
  ["client_name", /`clientName`/],
  ["lib_name", /`libName`/],
  ["lib_version", /`libVersion`/],
  ["max_connections", /`maxConnections`/],
  ["connection_class", /`connectionClass`/],
  ["queue_class", /`queue: "lifo"`/],
  ["unix_socket_path", /`path`/],
  ["unix_domain_socket_path", /`path`/],
  ["connection_pool", /`pool`/],
  ["ssl", /`tls: true`/],
  ["ssl_keyfile", /`tls\.key`/],
  ["ssl_certfile", /`tls\.cert`/],
  ["ssl_cert_reqs", /`tls\.verify`/],
  ["ssl_ca_certs", /`tls\.ca`/],
  ["ssl_ca_data", /`tls\.ca`/],
  ["ssl_check_hostname", /`tls\.checkHostname`/],
  ["ssl_password", /`tls\.passphrase`/],
];

const SCRIPT: readonly [string, RegExp][] = [
  ["socket", /in the options themselves/],
  ["url", /first argument/],
  ["maxRetriesPerRequest", /`retry: \{ attempts \}`/],
  ["lazyConnect", /on first use/],
  ["dnsLookup", /`lookup`/],
  ["retryStrategy", /`reconnect: \{ backoff/],
  ["enableOfflineQueue", /`offlineQueue: false`/],
  ["maxQueued", /`offlineQueue: \{ maxCommands \}`.*`sendQueue: \{ maxCommands \}`/],
  ["maxQueuedBytes", /`offlineQueue: \{ maxBytes \}`/],
  ["database", /`db`/],
];

const SLIPS: readonly [string, string][] = [
  ["prot", "port"],
  ["passwrod", "password"],
  ["clientname", "clientName"],
  ["connect_timeout_", "connectTimeout"],
  ["KEEPALIVE", "keepAlive"],
  ["offline_queue", "offlineQueue"],
  ["conectTimeout", "connectTimeout"],
];

describe("names of other clients are refused with ours", () => {
  for (const [name, says] of [...PYTHON, ...SCRIPT]) {
    it(name, () => {
      for (
        const run of [
          () => resolveRedisOptions({ [name]: 1 }),
          () => resolveRedisOptions(`redis://?${name}=1`),
        ]
      ) {
        assert.throws(run, (error: Error) => {
          assert.equal(error.name, "TypeError");
          assert.ok(error.message.includes(`\`${name}\``));
          assert.match(error.message, says);
          return true;
        });
      }
    });
  }
});

describe("unknown names", () => {
  for (const [name, near] of SLIPS) {
    it(`${name} is refused, and ${near} named`, () => {
      const expected = { name: "TypeError", message: new RegExp(`\`${name}\`.*did you mean \`${near}\``) };
      assert.throws(() => resolveOptions({ [name]: "hunter2" } as never), expected);
      assert.throws(() => resolveOptions(`redis://h?${name}=hunter2`), expected);
    });
  }

  it("are refused without their value, whatever they are", () => {
    for (const name of ["zzzzzz", "__proto__", "constructor", "toString", "x".repeat(10_000)]) {
      const object = JSON.parse(`{${JSON.stringify(name)}: "hunter2"}`);
      for (const run of [() => resolveOptions(object), () => resolveOptions(`redis://h?${name}=hunter2`)]) {
        assert.throws(run, (error: Error) => {
          assert.equal(error.name, "TypeError");
          assert.doesNotMatch(error.message, /hunter2/);
          assert.ok(error.message.length < 200);
          return true;
        });
      }
    }
  });

  it("say where a name belongs that is an option elsewhere", () => {
    assert.throws(() => resolveOptions({ maxConnections: 1 } as never), /an option of a pool/);
    assert.throws(
      () => resolveRedisOptions({ timeout: 1 } as never),
      /an option of a BlockingConnectionPool/,
    );
    assert.throws(() => resolveBlockingPoolOptions({ multiplex: false } as never), /an option of a client/);
  });

  it("behind a dot are refused for options that have no fields", () => {
    assert.throws(() => resolveOptions("redis://h?port.x=1"), /`port\.x`/);
    assert.throws(() => resolveOptions("redis://h?retry.backoff.base=1"), /`retry\.backoff\.base`/);
    assert.throws(() => resolveOptions("redis://h?limits=1"), /limits\.maxDepth=/);
  });
});
