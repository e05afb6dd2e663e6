/**
 * `serve`: the test server, a cluster or sentinels, on ports of this machine.
 *
 * @module
 */
import { TestServerBase } from "../../testing/server.ts";
import { TestClusterBase } from "../../testing/topology/cluster/cluster.ts";
import { TestSentinelsBase } from "../../testing/topology/sentinel/sentinels.ts";
import type { CliArguments, CliCommand, CliContext } from "../command.ts";
import { readFlag, readNumber, readPairs, readText } from "../read_options.ts";
import { UsageError } from "../usage_error.ts";

/** Servers that listen. */
interface Served {
  /** The URLs that clients connect to. */
  readonly urls: readonly string[];
  close(): Promise<void>;
}

/** The options of all three kinds of servers. */
interface Plan {
  readonly place: { readonly host: string | undefined; readonly announceHost: string | undefined };
  readonly password: string | undefined;
  readonly config: Record<string, string> | undefined;
  readonly lua: () => Promise<unknown>;
  readonly logLimit: 0;
}

const PORT = { least: 0, most: 65_535 };

async function serveOne(args: CliArguments, plan: Plan, { listener }: CliContext): Promise<Served> {
  const path = readText(args, "path");
  const databases = readNumber(args, "databases", { least: 1 });
  const server = new TestServerBase({ ...plan, databases }, listener);
  const port = readNumber(args, "port", PORT) ?? 6379;
  const { url } = await whenListening(
    server,
    () => server.listen(path === undefined ? { ...plan.place, port } : { path }),
  );
  return { urls: [url], close: () => server.close() };
}

async function serveCluster(args: CliArguments, plan: Plan, { listener }: CliContext): Promise<Served> {
  const masters = readNumber(args, "masters", { least: 1 });
  const replicas = readNumber(args, "replicas");
  const cluster = new TestClusterBase({ ...plan, masters, replicas }, listener);
  const port = readNumber(args, "port", PORT) ?? 7000;
  const { urls } = await whenListening(cluster, () => cluster.listen({ ...plan.place, port }));
  return { urls, close: () => cluster.close() };
}

async function serveSentinels(args: CliArguments, plan: Plan, { listener }: CliContext): Promise<Served> {
  const servers = new TestSentinelsBase({
    ...plan,
    name: readText(args, "name"),
    replicas: readNumber(args, "replicas"),
    sentinels: readNumber(args, "sentinels", { least: 1 }),
    sentinelPassword: readText(args, "sentinel-password"),
  }, listener);
  const port = readNumber(args, "port", PORT) ?? 6380;
  const sentinelPort = readNumber(args, "sentinel-port", PORT) ?? (port === 0 ? 0 : 26379);
  await whenListening(servers, () => servers.listen({ ...plan.place, port, sentinelPort }));
  const places = servers.addresses.map((each) => `${each.host}:${each.port}`).join(",");
  return { urls: [`redis-sentinel://${places}/${servers.name}`], close: () => servers.close() };
}

/** Options that only one kind takes. */
const ONLY: Readonly<Record<string, "server" | "cluster" | "sentinel">> = {
  "path": "server",
  "databases": "server",
  "masters": "cluster",
  "sentinels": "sentinel",
  "sentinel-port": "sentinel",
  "sentinel-password": "sentinel",
  "name": "sentinel",
};

function kindOf(args: CliArguments): "server" | "cluster" | "sentinel" {
  const [cluster, sentinel] = [readFlag(args, "cluster"), readFlag(args, "sentinel")];
  if (cluster && sentinel) throw new UsageError("--cluster and --sentinel exclude each other");
  const kind = cluster ? "cluster" : sentinel ? "sentinel" : "server";
  for (const name of Object.keys(args.values)) {
    const wanted = ONLY[name];
    if (wanted !== undefined && wanted !== kind) {
      throw new UsageError(
        wanted === "server" ? `--${name} does not go with --${kind}` : `--${name} needs --${wanted}`,
      );
    }
  }
  for (const name of ["replicas", "announce-host"]) {
    if (kind === "server" && args.values[name] !== undefined) {
      throw new UsageError(`--${name} needs --cluster or --sentinel`);
    }
  }
  return kind;
}

/** Whether only this machine reaches the server. */
function isLocal(host: string | undefined): boolean {
  return host === undefined || host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** Lets servers listen, and closes them where they cannot. */
async function whenListening<T extends { close(): Promise<void> }, R>(
  one: T,
  listen: () => Promise<R>,
): Promise<R> {
  try {
    return await listen();
  } catch (error) {
    await one.close();
    throw error;
  }
}

/** The cause of an address that cannot be used, in words. */
function explain(error: unknown): Error {
  const { code, message = String(error) } = error as { readonly code?: string; readonly message?: string };
  if (code === "EADDRINUSE" || /address already in use|EADDRINUSE/i.test(message)) {
    return new Error(
      "cannot listen: the address is in use. Choose another with --port; 0 takes a free port",
      {
        cause: error,
      },
    );
  }
  return error as Error;
}

/** The command `serve`. */
export const serve: CliCommand = {
  usage: "[options]",
  description:
    `Runs a Redis-compatible server in memory until SIGINT or SIGTERM. Prints "ready URL" when it listens.
It is for development and tests: it keeps nothing on disk.`,
  options: {
    "port": {
      value: "N",
      short: "p",
      description: "The port, 0 for a free one; default 6379, --cluster 7000 and up, --sentinel 6380 and up",
    },
    "host": { value: "HOST", description: "The name or address to listen on; default 127.0.0.1" },
    "path": { value: "PATH", path: true, description: "Listen on a Unix socket instead" },
    "password": {
      value: "TEXT",
      description: "The password of the default user; default: $KEYWIRE_PASSWORD",
    },
    "databases": { value: "N", description: "The number of databases; default 16" },
    "config": {
      value: "NAME=VALUE",
      multiple: true,
      description: "A parameter as CONFIG SET takes it; can be repeated",
    },
    "cluster": { description: "Run a cluster" },
    "masters": { value: "N", description: "The number of masters of the cluster; default 3" },
    "sentinel": { description: "Run a master with replicas and sentinels" },
    "sentinels": { value: "N", description: "The number of sentinels; default 3" },
    "sentinel-port": { value: "N", description: "The port of the first sentinel; default 26379" },
    "sentinel-password": { value: "TEXT", description: "The password of the sentinels; default none" },
    "name": { value: "NAME", description: "The name of the master with --sentinel; default mymaster" },
    "replicas": { value: "N", description: "The number of replicas a master; default 1, --sentinel 2" },
    "announce-host": {
      value: "HOST",
      description: "The host that a cluster or sentinels tell clients; default: that of --host",
    },
  },
  examples: [
    "keywire serve --port 6380 --password secret",
    "keywire serve --cluster --masters 3 --replicas 1",
    "keywire serve --sentinel --host 0.0.0.0 --announce-host 192.168.1.5",
  ],
  async run(args, context) {
    const kind = kindOf(args);
    const { terminal, importLua } = context;
    const plan: Plan = {
      place: { host: readText(args, "host"), announceHost: readText(args, "announce-host") },
      password: readText(args, "password") ?? terminal.env.KEYWIRE_PASSWORD,
      config: readPairs(args, "config"),
      lua: importLua,
      logLimit: 0,
    };
    if (!isLocal(plan.place.host) && plan.password === undefined) {
      terminal.writeError("warning: the server is open to the network without a password\n");
    }
    const interrupted = terminal.interrupted();
    const begin = { server: serveOne, cluster: serveCluster, sentinel: serveSentinels }[kind];
    const served = await begin(args, plan, context).catch((error) => Promise.reject(explain(error)));
    terminal.write(`ready ${served.urls.join(" ")}\n`);
    if (!interrupted.aborted) {
      await new Promise((resolve) => interrupted.addEventListener("abort", resolve, { once: true }));
    }
    await served.close();
    return 0;
  },
};
