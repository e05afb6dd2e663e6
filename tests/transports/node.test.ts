/** The adapter over `node:net` and `node:tls`, on whichever runtime. */
import { nodeTransport } from "../../transports/node.ts";
import { transportContract } from "./contract.ts";

transportContract(nodeTransport);
