/**
 * The layers, from the lowest up, and the layers that each may import. This table is the rule; the rest of the check
 * only reads it.
 *
 * @module
 */

/** A layer. */
export interface Layer {
  /** Its name. */
  readonly name: string;
  /** The files and folders (with a slash at the end) that it consists of. */
  readonly paths: readonly string[];
  /** The modules of the runtime that it may import; all three runtimes have them. */
  readonly modules?: readonly string[];
  /** The layers that it may import from, besides itself: only layers above it in the table. */
  readonly uses: readonly string[];
}

const BASE = ["transport", "errors", "clock", "observer", "retry", "resp", "options", "events"];
/** The layers up to the clients. */
const CLIENTS = [
  ...BASE,
  "connection",
  "pool",
  "commands",
  "observe",
  "client",
  "topology",
  "sentinel",
  "cluster",
  "multi",
];

/** All layers. A file in none of them is an error. */
export const LAYERS: readonly Layer[] = [
  // Types and values without dependencies.
  { name: "transport", paths: ["src/transport.ts"], uses: [] },
  { name: "errors", paths: ["src/errors.ts", "src/executed.ts"], uses: [] },
  { name: "clock", paths: ["src/clock.ts", "src/lazy_set.ts"], uses: [] },
  { name: "observer", paths: ["src/observer.ts"], uses: [] },
  { name: "retry", paths: ["src/backoff.ts", "src/retry.ts"], uses: ["errors", "clock"] },

  // Bytes and values; commands as values.
  { name: "resp", paths: ["src/resp/"], uses: ["errors"] },
  { name: "commands", paths: ["src/commands/"], uses: ["resp", "errors"] },

  // Options and events.
  {
    name: "options",
    paths: ["src/options.ts", "src/url.ts", "src/options/"],
    uses: ["transport", "errors", "clock", "observer", "retry", "resp"],
  },
  { name: "events", paths: ["src/events.ts", "src/events/"], uses: ["transport", "errors", "clock", "resp"] },

  // Observers.
  { name: "observe", paths: ["src/observe/"], uses: BASE },

  // Single connections, and pools of them.
  { name: "connection", paths: ["src/connection/"], uses: BASE },
  { name: "pool", paths: ["src/pool/"], uses: [...BASE, "observe", "connection"] },

  // Clients.
  { name: "client", paths: ["src/client/"], uses: [...BASE, "connection", "pool", "commands", "observe"] },

  // Shared by sentinels and clusters: addresses, and the selection of a server for reads.
  { name: "topology", paths: ["src/topology/"], uses: [...BASE, "connection"] },
  {
    name: "sentinel",
    paths: ["src/sentinel/"],
    uses: [...BASE, "connection", "pool", "commands", "observe", "client", "topology"],
  },
  {
    name: "cluster",
    paths: ["src/cluster/"],
    uses: [...BASE, "connection", "pool", "commands", "observe", "client", "topology"],
  },

  // Several databases as one, over clients of any topology.
  {
    name: "multi",
    paths: ["src/multi/"],
    uses: [...BASE, "connection", "pool", "commands", "observe", "client"],
  },

  // The small way in, beside all that.
  { name: "core", paths: ["src/core/"], uses: [...BASE, "connection", "commands"] },

  // The API of another client on all that; libraries for it expect Node's Buffers, events and streams.
  {
    name: "compat",
    paths: ["src/compat/"],
    modules: ["node:buffer", "node:events", "node:process", "node:stream"],
    uses: [
      ...CLIENTS,
    ],
  },

  // Stores for libraries: they see of a client no more than the methods that they call.
  { name: "adapters", paths: ["src/adapters/"], uses: [] },

  // A server in the process: it shares the protocol and the command table with the client, and nothing else.
  {
    name: "testing",
    paths: ["src/testing/"],
    uses: ["transport", "errors", "clock", "resp", "commands"],
  },

  // The command line. The runtime's functions are parameters.
  {
    name: "cli",
    paths: ["src/cli/"],
    modules: ["node:util"],
    uses: [
      ...CLIENTS,
      "testing",
    ],
  },

  // The runtimes: they import only the contract, and only the entry points import them.
  {
    name: "transports",
    paths: ["transports/"],
    uses: ["transport", "errors", "observer", "observe"],
  },
  {
    name: "entry points",
    paths: ["mod.ts", "core.ts", "base.ts", "testing.ts", "ioredis.ts", "cli.ts"],
    uses: [
      ...CLIENTS,
      "core",
      "compat",
      "testing",
      "cli",
      "transports",
    ],
  },
];

/** The files that load a module by a computed name: the optional peer of the test server, and a module of Workers. */
export const LOADERS: readonly string[] = ["transports/lua.ts", "transports/shared/workerd_sockets.ts"];

/** Returns the layer of a file, by its path from the root. */
export function layerOf(path: string): Layer | undefined {
  return LAYERS.find(({ paths }) =>
    paths.some((own) => own.endsWith("/") ? path.startsWith(own) : path === own)
  );
}

/** Returns the faults of the table itself: a layer that uses one below it could be part of a cycle. */
export function tableFaults(layers: readonly Layer[] = LAYERS): string[] {
  return layers.flatMap(({ name, uses }, index) => {
    const above = new Set(layers.slice(0, index).map((layer) => layer.name));
    return uses.filter((used) => !above.has(used)).map((used) =>
      `table: ${name} uses ${used}, which is not above it`
    );
  });
}
