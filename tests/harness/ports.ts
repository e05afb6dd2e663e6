/**
 * Free ports for servers.
 *
 * They are below the range for outgoing connections (from 32768 on Linux). So no client takes one before the server
 * binds it, or while a killed server is down. They are above the hash slots (up to 16383), so that no port can be
 * taken for a slot where a test replaces ports by names. If a server still fails to bind, the harness tries another port.
 *
 * Several processes test at once, and a port whose server is down for a moment looks free. So a process claims a port
 * with a file that only one process can create, and that counts while the process lives.
 *
 * @module
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import process from "node:process";

const LOWEST = 16_400;
const HIGHEST = 22_700;

/** A cluster's nodes talk on their port plus this. */
export const BUS_OFFSET = 10_000;

/** A file for each claimed port, with the id of the process that has it. */
const CLAIMS = join(tmpdir(), `keywire-test-ports-${userInfo().uid}`);
mkdirSync(CLAIMS, { recursive: true });

const given = new Set<number>();
const claimed: string[] = [];
process.once("exit", () => claimed.forEach((file) => rmSync(file, { force: true })));

/** Whether a server could listen there now. */
export function isFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Whether this process has the port from now on to its end. The claim of a dead process is removed. */
function claim(port: number): boolean {
  const file = join(CLAIMS, String(port));
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    claimed.push(file);
    return true;
  } catch {
    if (existsSync(file) && !isAlive(Number(readFileSync(file, "utf8")))) rmSync(file, { force: true });
    return false;
  }
}

/**
 * A port on which nothing listens, and which neither this process nor another that tests now was given before.
 *
 * @param options `bus`: the port of the cluster's bus must be free, too.
 */
export async function freePort(options: { readonly bus?: boolean } = {}): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (given.has(port) || !await isFree(port)) continue;
    if (options.bus === true && !await isFree(port + BUS_OFFSET)) continue;
    given.add(port);
    if (claim(port)) return port;
  }
  throw new Error(`Cannot find a free port between ${LOWEST} and ${HIGHEST} on 127.0.0.1 in 200 attempts.`);
}
