/**
 * What the package.json says beyond what `deno pack` takes from deno.json.
 *
 * @module
 */

/** The package.json that `deno pack` writes, as far as it is looked at. */
export interface PackedManifest {
  /** `@keywire/redis`. */
  readonly name: string;
  /** As in deno.json. */
  readonly version: string;
  /** What can be imported: conditions by entry point. */
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** One line for registries. */
export const DESCRIPTION =
  "Redis and Valkey client for Node, Bun and Deno: connection pools, pipelines, pub/sub, Sentinel and Cluster, without dependencies";

const REPOSITORY = "https://github.com/keywire/redis";

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
];

/**
 * The package.json of the package, in which `files` lie.
 *
 * Types come first, as TypeScript takes the first condition that fits. There
 * is no condition for a runtime: the code is the same everywhere, and looks at the globals when it first connects. There is
 * no CommonJS twin either, which would be a second copy of every class: `require()` of an ES module works in Node since
 * 20.19 and 22.12, as no module here awaits at its top.
 */
export function describePackage(
  { name, version, exports }: PackedManifest,
  files: readonly string[],
): Record<string, unknown> {
  const entries = Object.entries(exports).map(([path, { types, default: code }]) => {
    if (types === undefined || code === undefined) {
      throw new Error(
        `Cannot describe the package: '${path}' has no types or no code in what deno pack made`,
      );
    }
    return [path, { types, import: code, default: code }];
  });
  return {
    name,
    version,
    description: DESCRIPTION,
    keywords: KEYWORDS,
    homepage: `${REPOSITORY}#readme`,
    bugs: { url: `${REPOSITORY}/issues` },
    repository: { type: "git", url: `git+${REPOSITORY}.git` },
    license: "MIT",
    type: "module",
    sideEffects: false,
    engines: { node: ">=20" },
    exports: { ...Object.fromEntries(entries), "./package.json": "./package.json" },
    files,
    peerDependencies: { "@opentelemetry/api": "^1.3.0" },
    peerDependenciesMeta: { "@opentelemetry/api": { optional: true } },
  };
}
