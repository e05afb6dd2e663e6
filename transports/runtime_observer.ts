/**
 * The `diagnostics_channel` of the runtime that this runs on: Node, Bun and Deno have it under the same name.
 *
 * @module
 */
import { type DiagnosticsModule, DiagnosticsObserver } from "../src/observe/diagnostics.ts";
import type { Observer, Operation } from "../src/observer.ts";

interface Builtins {
  getBuiltinModule?(name: string): unknown;
}

function find(): DiagnosticsObserver | undefined {
  // Not an import: where a bundle runs on something else, there is no such module, and that is no reason to fail.
  const { process } = globalThis as { process?: Builtins };
  const module = process?.getBuiltinModule?.("node:diagnostics_channel") as DiagnosticsModule | undefined;
  return typeof module?.tracingChannel === "function" ? new DiagnosticsObserver(module) : undefined;
}

let found: DiagnosticsObserver | undefined;
let sought = false;

function diagnostics(): DiagnosticsObserver | undefined {
  if (!sought) {
    found = find();
    sought = true;
  }
  return found;
}

/** Publishes operations to the channels of the runtime, if it has any. */
export const runtimeObserver: Observer = {
  listens: (kind: Operation["kind"]) => diagnostics()?.listens(kind) ?? false,
  observe: (operation, run) => found === undefined ? run() : found.observe(operation, run),
  redirected: (redirection, target) => diagnostics()?.redirected(redirection, target),
  refreshed: (refresh, target) => diagnostics()?.refreshed(refresh, target),
  failedOver: (failover, target) => diagnostics()?.failedOver(failover, target),
  maintenance: (maintenance, target) => diagnostics()?.maintenance(maintenance, target),
  handedOver: (handover, target) => diagnostics()?.handedOver(handover, target),
};
