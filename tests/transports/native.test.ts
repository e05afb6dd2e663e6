/** The adapter that is this runtime's own; on Node it is the one of `node.test.ts`. */
import { bunTransport } from "../../transports/bun.ts";
import { denoTransport } from "../../transports/deno.ts";
import { runtime, transportContract } from "./contract.ts";

if (runtime === "deno") transportContract(denoTransport);
if (runtime === "bun") transportContract(bunTransport);
