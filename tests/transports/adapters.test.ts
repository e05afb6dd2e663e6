/** The contract of transports: the node adapter on every runtime, and beside it the adapter that is the runtime's own. */
import { bunTransport } from "../../transports/bun.ts";
import { denoTransport } from "../../transports/deno.ts";
import { nodeTransport } from "../../transports/node.ts";
import { runtime, transportContract } from "./contract.ts";

transportContract(nodeTransport);
if (runtime === "deno") transportContract(denoTransport);
if (runtime === "bun") transportContract(bunTransport);
