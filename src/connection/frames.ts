/**
 * Push frames on their way to those who listen.
 *
 * @module
 */
import type { Reply } from "../resp/types.ts";
import type { ConnectionListener } from "./contract.ts";

const encoder = new TextEncoder();

/** Tells all listeners of a frame; those who want bytes get bytes. */
export function tellFrame(listeners: readonly ConnectionListener[], values: Reply[]): void {
  for (let index = 0; index < listeners.length; index++) {
    const listener = listeners[index]!;
    if (listener.frame !== undefined) listener.frame(values);
    else if (listener.push !== undefined) {
      listener.push(values.map((value, at) => at === 0 ? value : inBytes(value)));
    }
  }
}

/** What was read as text, as it came. */
function inBytes(value: Reply): Reply {
  if (typeof value === "string") return encoder.encode(value);
  return Array.isArray(value) ? value.map(inBytes) : value;
}
