/**
 * On what and with what was measured.
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

/** Of the runtimes and of the other clients, as they are pinned. */
export const versions: Readonly<Record<string, string>> = Object.fromEntries(
  ["node", "bun", "deno", "ioredis", "redis", "@valkey/valkey-glide"].map((name) => [
    name,
    devDependencies[name] ?? "unknown",
  ]),
);
