/** `keywire doctor`: faults that are staged, and what it names them. @module */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Diagnosis, Finding } from "../../cli.ts";
import { Redis } from "../../mod.ts";
import { TestCluster, TestSentinels } from "../../testing.ts";
import { type Certificates, makeCertificates } from "../harness/certificates.ts";
import {
  look,
  lookAt,
  lookAtInfo,
  lookAtLastDays,
  lookAtNothing,
  lookAtSilence,
  lookAtText,
  lookAtTls,
  NO_HANDSHAKE,
  SECRET,
} from "./staged.ts";

let certificates: Certificates;
before(async () => {
  certificates = await makeCertificates();
});
after(() => certificates.dispose());

const trusting = (host: string, port: number): string =>
  `rediss://${host}:${port}?tls.ca=${encodeURIComponent(certificates.caFile)}`;

/** Diagnoses a server that shows one of the certificates. */
const lookAtLeaf = (leaf: "server" | "wrongName" | "expired" | "notYetValid"): Promise<Diagnosis> =>
  lookAtTls(certificates[leaf], (port) => look(trusting("localhost", port)));

interface Staged {
  readonly code: string;
  readonly verdict: Finding["verdict"];
  readonly stage: () => Promise<Diagnosis>;
  readonly message?: RegExp;
}

const FAULTS: readonly Staged[] = [
  { code: "BAD_URL", verdict: "failure", stage: () => look("redis://localhost:port"), message: /port/ },
  {
    code: "NAME_NOT_FOUND",
    verdict: "failure",
    stage: () => look("redis://nowhere.invalid"),
    message: /nowhere\.invalid/,
  },
  { code: "CONNECTION_REFUSED", verdict: "failure", stage: () => look("redis://127.0.0.1:1") },
  {
    code: "TLS_EXPIRED",
    verdict: "failure",
    stage: () => lookAtLeaf("expired"),
    message: /expired on \d{4}-/,
  },
  { code: "TLS_NOT_YET_VALID", verdict: "failure", stage: () => lookAtLeaf("notYetValid") },
  {
    code: "TLS_WRONG_NAME",
    verdict: "failure",
    stage: () => lookAtLeaf("wrongName"),
    message: /wrong\.example/,
  },
  {
    code: "TLS_UNTRUSTED",
    verdict: "failure",
    stage: () => lookAtTls(certificates.server, (port) => look(`rediss://localhost:${port}`)),
  },
  {
    code: "TLS_UNVERIFIED",
    verdict: "warning",
    stage: () => lookAtTls(certificates.server, (port) => look(`rediss://localhost:${port}?tls.verify=none`)),
  },
  {
    code: "TLS_TO_PLAIN",
    verdict: "failure",
    // A server without TLS waits for the rest of the handshake: the limit of 30 seconds is not waited for here.
    stage: () =>
      lookAt({}, undefined, (url) => url.replace("redis:", "rediss:"), () => ({ inspector: NO_HANDSHAKE })),
  },
  {
    code: "PLAIN_TO_TLS",
    verdict: "failure",
    stage: () => lookAtTls(certificates.server, (port) => look(`redis://localhost:${port}`)),
  },
  {
    code: "NOT_REDIS",
    verdict: "failure",
    stage: () => lookAtText("HTTP/1.1 400 Bad Request\r\n\r\n", "replies"),
  },
  {
    code: "PROTECTED_MODE",
    verdict: "failure",
    stage: () => lookAtText("-DENIED Redis is running in protected mode because ...\r\n", "greets"),
  },
  {
    code: "MAX_CLIENTS",
    verdict: "failure",
    stage: () => lookAtText("-ERR max number of clients reached\r\n", "greets"),
  },
  {
    code: "WRONG_PASSWORD",
    verdict: "failure",
    stage: () => lookAt({ password: "another" }, undefined, (url) => url.replace("//", `//:${SECRET}@`)),
  },
  { code: "PASSWORD_MISSING", verdict: "failure", stage: () => lookAt({ password: SECRET }) },
  {
    code: "PASSWORD_NOT_SET",
    verdict: "failure",
    stage: () => lookAt({}, undefined, (url) => `${url.replace("//", `//:${SECRET}@`)}?protocol=2`),
  },
  { code: "WRONG_DATABASE", verdict: "failure", stage: () => lookAt({}, undefined, (url) => `${url}/99`) },
  {
    code: "LOADING",
    verdict: "failure",
    stage: () => lookAt({}, ({ faults }) => faults.errorNext("LOADING", "HELLO", { times: Infinity })),
  },
  {
    code: "NO_REPLY",
    verdict: "failure",
    stage: lookAtSilence,
  },
  { code: "CONNECT_TIMEOUT", verdict: "failure", stage: lookAtNothing },
  { code: "TLS_EXPIRES_SOON", verdict: "warning", stage: lookAtLastDays, message: /expires in 3 days/ },
  {
    code: "TLS_HANDSHAKE",
    verdict: "failure",
    stage: () => lookAtText("", "replies", (url) => url.replace("redis:", "rediss:")),
  },
  {
    code: "OLD_PROTOCOL",
    verdict: "warning",
    stage: () =>
      lookAt(
        {},
        ({ faults }) => faults.errorNext("ERR unknown command 'HELLO'", "HELLO", { times: Infinity }),
      ),
  },
  {
    code: "NO_PERMISSION",
    verdict: "warning",
    stage: () => lookAt({}, ({ faults }) => faults.errorNext("NOPERM this user has no permissions", "MULTI")),
    message: /MULTI \(transactions\)/,
  },
  {
    code: "HIGH_LATENCY",
    verdict: "warning",
    stage: () => lookAt({}, ({ faults }) => faults.latency(25)),
    message: /p50 \d/,
  },
  {
    code: "CLOCK_DRIFT",
    verdict: "warning",
    stage: () => lookAt({ epoch: Date.now() - 60_000 }),
    message: /behind/,
  },
  {
    code: "CLIENTS_NEAR_LIMIT",
    verdict: "warning",
    stage: () => lookAtInfo({ connected_clients: 95, maxclients: 100 }),
    message: /95 of 100/,
  },
  {
    code: "CLIENTS_REJECTED",
    verdict: "warning",
    stage: () => lookAtInfo({ connected_clients: 1, maxclients: 100, rejected_connections: 7 }),
  },
  {
    code: "MEMORY_FULL",
    verdict: "failure",
    stage: () => lookAtInfo({ used_memory: 1_000, maxmemory: 1_000, maxmemory_policy: "noeviction" }),
  },
  {
    code: "MEMORY_NEAR_LIMIT",
    verdict: "warning",
    stage: () => lookAtInfo({ used_memory: 950, maxmemory: 1_000, maxmemory_policy: "noeviction" }),
  },
  {
    code: "MEMORY_UNLIMITED",
    verdict: "warning",
    stage: () => lookAtInfo({ used_memory: 90, maxmemory: 0, total_system_memory: 100 }),
  },
  {
    code: "READ_ONLY_REPLICA",
    verdict: "failure",
    async stage() {
      await using servers = new TestSentinels({ replicas: 1 });
      await servers.listen();
      return await look(servers.replicas[0]!.url);
    },
  },
  {
    code: "REPLICA",
    verdict: "warning",
    stage: () =>
      lookAtInfo({ role: "slave", master_host: "10.0.0.1", master_link_status: "up", slave_read_only: 0 }),
  },
  {
    code: "REPLICATION_DOWN",
    verdict: "failure",
    stage: () =>
      lookAtInfo({ role: "slave", master_host: "10.0.0.1", master_port: 6379, master_link_status: "down" }),
    message: /10\.0\.0\.1:6379/,
  },
  {
    code: "REPLICA_NOT_ONLINE",
    verdict: "warning",
    stage: () => lookAtInfo({ slave0: "ip=127.0.0.1,port=1,state=wait_bgsave,offset=0,lag=0" }),
  },
  {
    code: "REPLICA_LAG",
    verdict: "warning",
    stage: () =>
      lookAtInfo({
        master_repl_offset: 9_000_000,
        slave0: "ip=127.0.0.1,port=1,state=online,offset=1,lag=9",
      }),
  },
  { code: "SNAPSHOT_FAILED", verdict: "failure", stage: () => lookAtInfo({ rdb_last_bgsave_status: "err" }) },
  { code: "AOF_FAILED", verdict: "failure", stage: () => lookAtInfo({ aof_last_write_status: "err" }) },
  {
    code: "SLOW_COMMANDS",
    verdict: "warning",
    stage: () =>
      lookAt({}, ({ faults }) => {
        const entry = [1, 1_700_000_000, 2_500_000, ["keys", SECRET], "127.0.0.1:1", ""];
        faults.replyNext("SLOWLOG", [entry]);
      }),
    message: /KEYS, 2\.5 s/,
  },
  {
    code: "EVICTIONS",
    verdict: "warning",
    stage: () => lookAtInfo({ evicted_keys: 12 }),
    message: /12 keys/,
  },
  {
    code: "FRAGMENTATION",
    verdict: "warning",
    stage: () => lookAtInfo({ used_memory: 2 ** 30, mem_fragmentation_ratio: "2.31" }),
  },
  {
    code: "SLOTS_UNCOVERED",
    verdict: "failure",
    async stage() {
      return await cluster(async (node) => {
        await using redis = new Redis(node.url);
        await redis.command("CLUSTER", "DELSLOTS", 0);
      });
    },
  },
  {
    code: "NODE_FAILED",
    verdict: "warning",
    async stage() {
      return await cluster(async (node) => {
        await using redis = new Redis(node.url);
        const nodes = String(await redis.command("CLUSTER", "NODES"));
        node.faults.replyNext("CLUSTER NODES", nodes.replace(" master -", " master,fail? -"));
      });
    },
  },
  {
    code: "VERSIONS_DIFFER",
    verdict: "warning",
    stage: () =>
      cluster(({ faults }) =>
        faults.replyNext("INFO", "redis_version:6.2.0\r\ncluster_enabled:1\r\n", { times: Infinity })
      ),
    message: /6\.2\.0/,
  },
  {
    code: "CLUSTER_DOWN",
    verdict: "failure",
    stage: () =>
      cluster(({ faults }) =>
        faults.replyNext(
          "CLUSTER INFO",
          "cluster_state:fail\r\ncluster_slots_assigned:16384\r\ncluster_slots_fail:5461\r\n",
        )
      ),
  },
  {
    code: "ADDRESS_UNREACHABLE",
    verdict: "failure",
    stage: () => cluster(() => {}, "127.0.0.99"),
    message: /127\.0\.0\.99/,
  },
  {
    code: "UNKNOWN_SERVICE",
    verdict: "failure",
    stage: () => sentinels((url) => url.replace("/mymaster", "/another")),
    message: /"another"/,
  },
  {
    code: "ADDRESS_UNREACHABLE",
    verdict: "failure",
    stage: () => sentinels((url) => url.replaceAll("127.0.0.99", "127.0.0.1"), () => {}, "127.0.0.99"),
    message: /cannot reach 127\.0\.0\.99:\d+/,
  },
  { code: "NO_MASTER", verdict: "failure", stage: () => look("redis-sentinel://127.0.0.1:1/mymaster") },
  {
    code: "SENTINELS_DISAGREE",
    verdict: "warning",
    stage: () =>
      sentinels(
        (url) => url,
        ({ sentinels: [first] }) =>
          first!.faults.replyNext("SENTINEL GET-MASTER-ADDR-BY-NAME", ["127.0.0.1", "1"]),
      ),
  },
  {
    code: "NO_QUORUM",
    verdict: "failure",
    stage: () =>
      sentinels(
        (url) => url,
        ({ sentinels: [first] }) =>
          first!.faults.errorNext(
            "NOQUORUM 1 usable Sentinels. Not enough available Sentinels",
            "SENTINEL CKQUORUM",
          ),
      ),
  },
];

describe("doctor names a fault that is staged", () => {
  for (const { code, verdict, stage, message } of FAULTS) {
    it(`${code}${message === undefined ? "" : `: ${message.source}`}`, async () => {
      const diagnosis = await stage();
      const found = diagnosis.findings.find((finding) => finding.code === code);
      assert.ok(found, JSON.stringify(diagnosis.findings, undefined, 1));
      assert.equal(found.verdict, verdict);
      assert.ok(found.advice);
      if (message !== undefined) assert.match(found.message, message);
      assert.ok(!JSON.stringify(diagnosis).includes(SECRET), "it shows a secret");
    });
  }
});

/** Diagnoses the first node of a cluster. */
async function cluster(
  stage: (node: TestCluster["nodes"][number]) => unknown,
  announceHost?: string,
): Promise<Diagnosis> {
  await using servers = new TestCluster({ masters: 3, replicas: 0 });
  const { urls } = await servers.listen({ announceHost });
  await stage(servers.nodes[0]!);
  return await look(urls[0]!.replace(announceHost ?? "127.0.0.1", "127.0.0.1"));
}

/** Diagnoses sentinels and their master. */
async function sentinels(
  change: (url: string) => string,
  stage: (servers: TestSentinels) => unknown = () => {},
  announceHost?: string,
): Promise<Diagnosis> {
  await using servers = new TestSentinels({ replicas: 1 });
  await servers.listen({ announceHost });
  await stage(servers);
  const places = servers.sentinels.map(({ url }) => url.replace("redis://", "")).join();
  return await look(change(`redis-sentinel://${places}/mymaster`));
}

describe("doctor of what is well", () => {
  // A busy machine may have a high latency, which is a warning.
  const all = ({ findings }: Diagnosis): unknown[] =>
    findings.filter(({ code, step }) => code !== undefined && step !== "latency");

  it("a server, with its latency", async () => {
    const diagnosis = await lookAt(
      { password: SECRET },
      undefined,
      (url) => url.replace("//", `//:${SECRET}@`),
    );
    assert.deepEqual([diagnosis.kind, all(diagnosis)], ["server", []]);
    assert.equal(diagnosis.latency?.count, 3);
    assert.ok(!JSON.stringify(diagnosis).includes(SECRET));
  });

  it("a cluster, with each of its nodes", async () => {
    const diagnosis = await cluster(() => {});
    assert.deepEqual([diagnosis.kind, all(diagnosis)], ["cluster", []]);
    assert.equal(diagnosis.findings.filter(({ step }) => step.startsWith("node ")).length, 3);
  });

  it("sentinels, with their master", async () => {
    const diagnosis = await sentinels((url) => url);
    assert.deepEqual([diagnosis.kind, all(diagnosis)], ["sentinels", []]);
    assert.ok(diagnosis.findings.some(({ step }) => step === "replication"));
  });
});
