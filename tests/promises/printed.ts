/**
 * Returns all texts that printing a value can produce, on the current runtime.
 *
 * @module
 */
import { inspect } from "node:util";

interface Runtime {
  readonly Deno?: { inspect(value: unknown, options?: object): string };
  readonly Bun?: { inspect(value: unknown, options?: object): string };
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return ""; // a circle, or a bigint
  }
}

function text(value: unknown): string {
  try {
    return String(value);
  } catch {
    return ""; // an object without a prototype
  }
}

/** A value as consoles, JSON and logs show it, with all that hangs on it: causes, stacks, own properties. */
export function printed(value: unknown, seen: Set<unknown> = new Set()): string {
  const { Deno, Bun } = globalThis as Runtime;
  const shown = [
    text(value),
    json(value),
    inspect(value),
    inspect(value, { depth: 12, showHidden: true }),
    inspect(value, { depth: 12, customInspect: false }),
    Deno?.inspect(value, { depth: 12, showHidden: true }) ?? "",
    Bun?.inspect(value, { depth: 12 }) ?? "",
  ];
  if (typeof value === "object" && value !== null && !seen.has(value)) {
    seen.add(value);
    for (const key of Reflect.ownKeys(value)) {
      shown.push(String(key), printed((value as Record<PropertyKey, unknown>)[key], seen));
    }
  }
  return shown.join("\n");
}
