/**
 * The container engine of this machine, if any. Queried through `docker`, which returns quickly without one.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findBinary } from "./binaries.ts";

/** The time limit for a reply of the engine, in milliseconds. */
const ANSWER_LIMIT = 5_000;

function docker(...args: string[]): string {
  return execFileSync("docker", args, { encoding: "utf8", stdio: "pipe", timeout: ANSWER_LIMIT }).trim();
}

function find(): string | false {
  if (process.env.KEYWIRE_TEST_CONTAINERS === "0") return "KEYWIRE_TEST_CONTAINERS is 0";
  let name: string;
  try {
    name = docker("info", "--format", "{{.Name}}");
  } catch {
    return "there is no Docker here";
  }
  if (name === "") return "there is no Docker here";
  // A socket mounted into a container: its engine has neither our addresses nor our files.
  const lent = existsSync("/.dockerenv") && name !== hostname();
  if (lent && !process.env.TESTCONTAINERS_HOST_OVERRIDE) return `Docker runs elsewhere, on ${name}`;
  return false;
}

let missing: string | false | undefined;

/** Returns the reason to skip tests without containers, or `false`. */
export function noEngine(): string | false {
  return missing ??= find();
}

/**
 * The image of the servers: `KEYWIRE_TEST_IMAGE`, else one that is made of the server program of this machine (nothing is
 * pulled), else `redis:8`.
 */
export function containerImage(): string {
  const named = process.env.KEYWIRE_TEST_IMAGE;
  if (named) return named;
  const binary = process.platform === "linux" ? findBinary() : undefined;
  if (binary === undefined) return "redis:8";
  if (binary.image !== undefined) return binary.image;
  const image = `keywire-test:${binary.name}-${binary.version}`;
  try {
    docker("image", "inspect", image);
  } catch {
    const script = fileURLToPath(new URL("../../scripts/image.sh", import.meta.url));
    execFileSync(script, [image, binary.path], { stdio: "pipe" });
  }
  return image;
}

/** Loads `testcontainers` with settings that it would otherwise find by pulling images. */
export async function loadTestcontainers(): Promise<typeof import("testcontainers")> {
  if (process.platform === "linux") {
    process.env.TESTCONTAINERS_HOST_OVERRIDE ||= "127.0.0.1";
    // Our watchdog replaces the clean-up of testcontainers.
    process.env.TESTCONTAINERS_RYUK_DISABLED ||= "true";
  }
  return await import("testcontainers");
}
