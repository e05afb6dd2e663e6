/**
 * The container engine of this machine, where there is one. It is asked through `docker`, so that nobody waits where
 * there is none.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findBinary } from "./binaries.ts";

/** Milliseconds in which an engine says what it is. */
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
  // A socket lent to a container: what runs there has neither our addresses nor our files.
  const lent = existsSync("/.dockerenv") && name !== hostname();
  if (lent && !process.env.TESTCONTAINERS_HOST_OVERRIDE) return `Docker runs elsewhere, on ${name}`;
  return false;
}

let missing: string | false | undefined;

/** For `skip`: why there can be no containers, or `false`. */
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

/** Loads `testcontainers`, told what it could find out only with images that it would have to pull. */
export async function loadTestcontainers(): Promise<typeof import("testcontainers")> {
  if (process.platform === "linux") {
    process.env.TESTCONTAINERS_HOST_OVERRIDE ||= "127.0.0.1";
    // Its own way to leave nothing behind; ours is the watchdog.
    process.env.TESTCONTAINERS_RYUK_DISABLED ||= "true";
  }
  return await import("testcontainers");
}
