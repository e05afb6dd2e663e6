/**
 * The machine and the versions of a measurement.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, platform, release, totalmem } from "node:os";

/** The machine. */
export function machine(): Record<string, string | number> {
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
  };
}

const { devDependencies } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as { devDependencies: Record<string, string> };

/** The pinned versions of the runtimes and the other clients. */
export const versions: Readonly<Record<string, string>> = Object.fromEntries(
  ["node", "bun", "deno", "ioredis", "redis", "@valkey/valkey-glide"].map((name) => [
    name,
    devDependencies[name] ?? "unknown",
  ]),
);
