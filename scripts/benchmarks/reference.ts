/**
 * Measures the C client that comes with the server, on one connection.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Place } from "./contenders/mod.ts";

const run = promisify(execFile);

/** GETs a second by how many are in its pipeline; empty where there is no `redis-benchmark`. */
export async function referenceRates({ host, port }: Place, short: boolean): Promise<Record<string, number>> {
  const rates: Record<string, number> = {};
  for (const [pipelined, requests] of [[1, 20_000], [64, 600_000], [1000, 2_000_000]] as const) {
    const count = short ? requests / 4 : requests;
    const options = [
      "-h",
      host,
      "-p",
      port,
      "-c",
      1,
      "-P",
      pipelined,
      "-n",
      count,
      "--csv",
      "GET",
      "bench:key",
    ];
    let output: string;
    try {
      output = (await run("redis-benchmark", options.map(String))).stdout;
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") return rates;
      throw error;
    }
    // "test","rps",... and then "GET bench:key","123456.78",...
    rates[pipelined] = Math.round(Number(/^"GET[^"]*","([\d.]+)"/m.exec(output)?.[1]));
  }
  console.log(
    `  redis-benchmark -c 1: ${
      Object.entries(rates).map(([pipelined, rate]) => `-P ${pipelined} ${(rate / 1000).toFixed(0)}k`).join(
        ", ",
      )
    }`,
  );
  return rates;
}
