/**
 * The package.json of the npm package.
 *
 * @module
 */
import type { Entry } from "./entries.ts";
import { declarationOf } from "./declarations.ts";
import { choosesTransport, WORKERD_FOLDER } from "./workerd.ts";

/** One line for registries. */
export const DESCRIPTION =
  "Redis and Valkey client for Node, Bun and Deno: connection pools, pipelines, pub/sub, Sentinel and Cluster, without dependencies";

/** The URL of the sources. */
export const REPOSITORY = "https://github.com/keywire/redis";

const KEYWORDS = [
  "redis",
  "valkey",
  "client",
  "database",
  "cache",
  "cluster",
  "sentinel",
  "pubsub",
  "pipeline",
  "connection-pool",
  "resp3",
  "typescript",
  "deno",
  "bun",
  "node",
  "cloudflare-workers",
];

/** Returns the conditions of an entry for each kind of program. */
function conditionsOf(entry: Entry): Record<string, unknown> {
  const { name, source } = entry;
  const [esm, cjs] = [`./esm/${name}.mjs`, `./cjs/${name}.cjs`];
  return {
    // First, as TypeScript takes the first condition that fits.
    types: { import: `./esm/${name}.d.mts`, default: `./types/${declarationOf(source)}` },
    // Cloudflare Workers: their bundlers may know the other conditions, too.
    ...choosesTransport(entry) && { workerd: `./esm/${WORKERD_FOLDER}/${name}.mjs` },
    bun: esm,
    // Bundlers.
    module: esm,
    // A process that imports and requires the package gets one instance of each class.
    node: { import: `./node/${name}.mjs`, default: cjs },
    import: esm,
    default: cjs,
  };
}

/** The package.json of the package that contains `files`. */
export function describePackage(
  { name, version }: { readonly name: string; readonly version: string },
  entries: readonly Entry[],
  files: readonly string[],
): Record<string, unknown> {
  const typesOf = ({ source }: Entry): string => `./types/${declarationOf(source)}`;
  return {
    name,
    version,
    description: DESCRIPTION,
    keywords: KEYWORDS,
    homepage: `${REPOSITORY}#readme`,
    bugs: { url: `${REPOSITORY}/issues` },
    repository: { type: "git", url: `git+${REPOSITORY}.git` },
    license: "MIT",
    type: "commonjs",
    sideEffects: false,
    engines: { node: ">=20" },
    main: "./cjs/index.cjs",
    module: "./esm/index.mjs",
    types: typesOf(entries.find(({ key }) => key === ".")!),
    // For TypeScript with `moduleResolution: node10`, which does not read `exports`.
    typesVersions: {
      "*": Object.fromEntries(
        entries.filter(({ key }) => key !== ".").map((entry) => [entry.name, [typesOf(entry)]]),
      ),
    },
    exports: {
      ...Object.fromEntries(entries.map((entry) => [entry.key, conditionsOf(entry)])),
      "./package.json": "./package.json",
    },
    files,
    peerDependencies: { "@opentelemetry/api": "^1.3.0", "wasmoon-lua5.1": "^1.18.0" },
    peerDependenciesMeta: {
      "@opentelemetry/api": { optional: true },
      // Scripts of the test server.
      "wasmoon-lua5.1": { optional: true },
    },
  };
}
