/**
 * The transport of the runtime that this runs on, loaded when it is first used.
 *
 * @module
 */
import type { Transport } from "../src/transport.ts";

async function load(): Promise<Transport> {
  // A look at the globals of the runtimes; Bun and Deno both pretend to be Node elsewhere.
  if ("Deno" in globalThis) return (await import("./deno.ts")).denoTransport;
  if ("Bun" in globalThis) return (await import("./bun.ts")).bunTransport;
  return (await import("./node.ts")).nodeTransport;
}

let loading: Promise<Transport> | undefined;

/** The stacks of Bun do not show the functions that await a command, those of V8 do. */
function needsCallSites(): boolean {
  const { process } = globalThis as { process?: { env?: Readonly<Record<string, string | undefined>> } };
  return "Bun" in globalThis && process?.env?.NODE_ENV !== "production";
}

/** `Deno.connect` on Deno, `Bun.connect` on Bun, `node:net` elsewhere. */
export const runtimeTransport: Transport = {
  name: "runtime",
  get callSites() {
    return needsCallSites();
  },
  async connect(endpoint, options, handlers) {
    const transport = await (loading ??= load());
    return await transport.connect(endpoint, options, handlers);
  },
};
