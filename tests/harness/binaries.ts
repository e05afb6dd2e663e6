/**
 * Finds the server program for tests.
 *
 * `KEYWIRE_SERVER_BIN` is a program, a folder with `redis-server` or `valkey-server` (for other versions), or a
 * container image such as `image:redis:8`. The default is the PATH.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

/** A server program. */
export interface Binary {
  /** Its path; within the image, if it has one. */
  readonly path: string;
  /** The image whose containers it runs in. */
  readonly image?: string;
  /** The project of the server. */
  readonly name: "redis" | "valkey";
  /** Its version, such as `"7.0.15"`. */
  readonly version: string;
}

const IMAGE = "image:";
const known = new Map<string, Binary>();

/** The name of the server program in an image. */
export function programOf(image: string): string {
  return image.includes("valkey") ? "valkey-server" : "redis-server";
}

/** Asks a program, or that of `image:NAME`, for its name and version. */
export function inspectBinary(path: string): Binary {
  let binary = known.get(path);
  if (binary === undefined) {
    const image = path.startsWith(IMAGE) ? path.slice(IMAGE.length) : undefined;
    const text = image === undefined
      ? execFileSync(path, ["--version"], { encoding: "utf8" })
      : execFileSync("docker", ["run", "--rm", "--network=none", image, programOf(image), "--version"], {
        encoding: "utf8",
      });
    const version = /v=(\d+\.\d+\.\d+)/.exec(text)?.[1];
    if (version === undefined) {
      throw new Error(`Cannot read the version of ${path} from ${JSON.stringify(text)}.`);
    }
    const name = /valkey/i.test(text) ? "valkey" : "redis";
    binary = image === undefined ? { path, name, version } : { path: programOf(image), image, name, version };
    known.set(path, binary);
  }
  return binary;
}

/** The server program to use, or `undefined` when there is none. */
export function findBinary(): Binary | undefined {
  const own = process.env.KEYWIRE_SERVER_BIN;
  if (own?.startsWith(IMAGE)) return inspectBinary(own);
  if (own && statSync(own, { throwIfNoEntry: false })?.isFile()) return inspectBinary(own);
  const folders = own ? [own] : (process.env.PATH ?? "").split(delimiter);
  for (const name of ["redis-server", "valkey-server"]) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (folder !== "" && existsSync(path)) return inspectBinary(path);
    }
  }
  if (own) {
    throw new Error(
      `KEYWIRE_SERVER_BIN is ${own}, which is neither a program nor a folder with redis-server or valkey-server.`,
    );
  }
  return undefined;
}

/** Compares versions: whether `version` is `least` or later. */
export function atLeast(version: string, least: string): boolean {
  const [a, b] = [version, least].map((text) => text.split(".").map(Number)) as [number[], number[]];
  for (let index = 0; index < b.length; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/**
 * Returns the reason to skip a test if the server is older than `least`, otherwise `false`. A server that is not a
 * local program counts as new enough.
 */
export function olderThan(least: string, what: string): string | false {
  const binary = process.env.KEYWIRE_TEST_URL ? undefined : findBinary();
  if (binary === undefined || atLeast(binary.version, least)) return false;
  return `${what} came with ${least}, this is ${binary.name} ${binary.version}`;
}
