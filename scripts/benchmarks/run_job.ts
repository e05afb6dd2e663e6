/**
 * Runs one of the benchmarks in a process of its own, on a given runtime.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";

const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  node: ["--expose-gc"],
  bun: [],
  deno: ["run", "-A", "--no-check", "--v8-flags=--expose-gc"],
};

/** Starts `file` with the job, and hands on each line that it prints as JSON. */
export async function runJob<T>(
  runtime: string,
  file: string,
  job: object,
  take: (result: T) => void,
): Promise<void> {
  const program = join("node_modules", ".bin", runtime);
  const script = join("scripts", "benchmarks", file);
  const child = spawn(program, [...ARGUMENTS[runtime]!, script, JSON.stringify(job)], {
    stdio: ["ignore", "pipe", "inherit"],
    // In development, Bun notes the stack of each call.
    env: { ...process.env, NO_COLOR: "1", NODE_ENV: "production" },
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith("{")) take(JSON.parse(line) as T);
    else console.log(line);
  }
  const code = await ended;
  if (code !== 0) throw new Error(`Cannot measure: ${file} on ${runtime} ended with ${code}`);
}
