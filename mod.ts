import { Connection as C } from "./src/connection/connection.ts";
import { nodeTransport } from "./transports/node.ts";
import { denoTransport } from "./transports/deno.ts";
import { bunTransport } from "./transports/bun.ts";
const t = "Deno" in globalThis ? denoTransport : "Bun" in globalThis ? bunTransport : nodeTransport;
export class Connection extends C { static override readonly transport = t; }
