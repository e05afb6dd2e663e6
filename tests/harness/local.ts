/**
 * A server as a process on this machine, or in an equivalent container.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { matrixOptions, matrixUrl } from "./address.ts";
import { atLeast, type Binary } from "./binaries.ts";
import { type Certificates, certificates } from "./certificates.ts";
import { type ContainerDaemon, startContainerDaemon } from "./container_daemon.ts";
import { type Daemon, startDaemon, StartError } from "./daemon.ts";
import { removeFolder, temporaryFolder } from "./folders.ts";
import { freePort } from "./ports.ts";
import { rawCommand, type RawReply } from "./raw.ts";
import type { Server, ServerOptions } from "./types.ts";

/** The number of ports to try when another process takes them first. */
const PORT_ATTEMPTS = 5;
// A sentinel's first word once it listens.
const READY = /Ready to accept connections|Sentinel ID is/;

/** Writes text as one word of a configuration file. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

/** The lines that make a server speak TLS. */
export function tlsLines(tlsPort: number, certs: Certificates, tls: ServerOptions["tls"]): string[] {
  const { leaf = "server", clients = "no" } = typeof tls === "object" ? tls : {};
  return [
    `tls-port ${tlsPort}`,
    `tls-cert-file ${certs[leaf].certFile}`,
    `tls-key-file ${certs[leaf].keyFile}`,
    `tls-ca-cert-file ${certs.caFile}`,
    `tls-auth-clients ${clients}`,
  ];
}

class LocalServer implements Server {
  readonly host = "127.0.0.1";
  readonly port: number;
  readonly path: string | undefined;
  readonly tlsPort: number | undefined;
  readonly certificates: Certificates | undefined;
  readonly #binary: Binary;
  readonly #password: string | undefined;
  readonly #folder: string;
  readonly #args: readonly string[];
  #daemon: Daemon | ContainerDaemon | undefined;

  constructor(
    binary: Binary,
    options: ServerOptions,
    ports: readonly [number, number?],
    certs?: Certificates,
  ) {
    this.#binary = binary;
    this.#password = options.password;
    this.#folder = temporaryFolder();
    this.port = ports[0];
    this.tlsPort = ports[1];
    this.certificates = certs;
    this.path = options.unix === true ? join(this.#folder, "redis.sock") : undefined;
    this.#args = options.sentinel === true ? [this.#config, "--sentinel"] : [this.#config];
    writeFileSync(this.#config, this.#configuration(options).join("\n") + "\n");
  }

  get #config(): string {
    return join(this.#folder, "redis.conf");
  }

  get url(): string {
    return matrixUrl(this);
  }

  get pid(): number {
    return this.#daemon?.pid ?? -1;
  }

  get version(): string {
    return this.#binary.version;
  }

  get name(): "redis" | "valkey" {
    return this.#binary.name;
  }

  get log(): readonly string[] {
    return this.#daemon?.log ?? [];
  }

  #configuration(options: ServerOptions): string[] {
    const lines = [
      `port ${this.port}`,
      "bind 127.0.0.1",
      `dir ${quote(this.#folder)}`,
      "daemonize no",
      'logfile ""',
    ];
    if (options.sentinel !== true) {
      lines.push('save ""', "appendonly no", "repl-diskless-sync yes", "repl-diskless-sync-delay 0");
    }
    if (atLeast(this.#binary.version, "7.0.0")) lines.push("enable-debug-command yes");
    if (this.path !== undefined) lines.push(`unixsocket ${quote(this.path)}`);
    if (this.tlsPort !== undefined && this.certificates !== undefined) {
      lines.push(...tlsLines(this.tlsPort, this.certificates, options.tls));
    }
    if (options.password !== undefined) lines.push(`requirepass ${quote(options.password)}`);
    if (options.cluster === true) lines.push("cluster-enabled yes");
    // Before 6.2 there are no rules for channels, so all users may use all channels.
    const channels = atLeast(this.#binary.version, "6.2.0");
    const acl = (options.acl ?? []).map((rule) =>
      channels ? rule : rule.replace(/ (&\S+|allchannels|resetchannels)/g, "")
    );
    return [...lines, ...acl, ...options.config ?? []];
  }

  async restart(): Promise<void> {
    await this.#daemon?.kill();
    const folders = [this.#folder, ...this.certificates ? [dirname(this.certificates.caFile)] : []];
    this.#daemon = this.#binary.image === undefined
      ? await startDaemon(this.#binary.path, this.#args, READY)
      : await startContainerDaemon(this.#binary, this.#args, READY, folders);
  }

  cli(...args: (string | number)[]): Promise<RawReply> {
    return rawCommand({ port: this.port, password: this.#password }, ...args);
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    await this.#daemon?.kill(signal);
  }

  // Nothing is worth saving, and SIGKILL ends a frozen process, too.
  async stop(): Promise<void> {
    await this.#daemon?.kill();
    removeFolder(this.#folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Starts a server as a process; see `startServer`. */
export async function startLocal(binary: Binary, wanted: ServerOptions): Promise<Server> {
  const options = matrixOptions(wanted);
  const certs = options.tls ? await certificates() : undefined;
  for (let attempt = 1;; attempt++) {
    const bus = options.cluster === true;
    const port = options.port ?? await freePort({ bus });
    const server = new LocalServer(binary, options, [port, certs && await freePort({ bus })], certs);
    try {
      await server.restart();
      return server;
    } catch (error) {
      await server.stop();
      const another = error instanceof StartError && error.addressInUse && options.port === undefined;
      if (!another || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}
