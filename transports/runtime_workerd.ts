/**
 * The transport of the package in Cloudflare Workers: the condition `workerd` of the npm package puts it in the place of
 * `runtime.ts`.
 *
 * @module
 */
export { workerdTransport as runtimeTransport } from "./workerd.ts";
