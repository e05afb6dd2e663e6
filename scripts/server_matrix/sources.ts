/**
 * The servers of the matrix: as programs, out of packages of Debian or of this machine, or as images of containers.
 *
 * @module
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** A source of servers: a Debian suite, or this machine. */
export interface Source {
  /** The suite; `undefined`: this machine. */
  readonly suite: string | undefined;
  /** The name of the program. */
  readonly program: string;
  /** The official image of the same version. */
  readonly image: string;
}

/** All of them, oldest first. */
export const SOURCES: readonly Source[] = [
  { suite: "bullseye", program: "redis-server", image: "redis:6.0" },
  { suite: undefined, program: "redis-server", image: "redis:7.0" },
  { suite: "sid", program: "redis-server", image: "redis:8.0" },
  { suite: "experimental", program: "redis-server", image: "redis:8.6" },
  { suite: "trixie", program: "valkey-server", image: "valkey/valkey:8.1" },
  { suite: "sid", program: "valkey-server", image: "valkey/valkey:9.1" },
];

/** The packages to get from each suite. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  bullseye: ["redis-server", "redis-tools"],
  trixie: ["redis-server", "redis-tools", "valkey-server"],
  experimental: ["redis-server", "redis-tools"],
  sid: ["redis-server", "redis-tools", "valkey-server"],
};

/** Whether a program ends well. */
function succeeds(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}

/** A server's image, as `KEYWIRE_SERVER_BIN` names it; made, where it is not there and there are packages. */
export function findImage(source: Source): string {
  const { image } = source;
  if (succeeds("docker", "image", "inspect", image) || !succeeds("apt-get", "--version")) {
    return `image:${image}`;
  }
  const made = `keywire-test:${image.replace(/^.*\//, "").replace(":", "-")}`;
  execFileSync("scripts/image.sh", [made, findProgram(source)], { stdio: ["ignore", "ignore", "inherit"] });
  return `image:${made}`;
}

/** The path of a server's program; fetched, where it is not there yet. */
export function findProgram({ suite, program }: Source): string {
  if (suite === undefined) return execFileSync("which", [program], { encoding: "utf8" }).trim();
  const path = join(process.cwd(), ".servers", suite, "bin", program);
  if (!existsSync(path)) {
    console.log(`fetching the servers of Debian ${suite}`);
    execFileSync("scripts/servers.sh", [suite, ...PACKAGES[suite]!], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  return path;
}
