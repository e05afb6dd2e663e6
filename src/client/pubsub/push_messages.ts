/**
 * Push messages of RESP3, which the server sends without a request.
 *
 * @module
 */
import type { ConnectionEvents, TypedEventTarget } from "../../events.ts";
import { emit } from "../../events.ts";
import { inMode } from "../../resp/strings.ts";
import type { Reply } from "../../resp/types.ts";

/**
 * The known kinds of push messages, with the values that listeners receive.
 *
 * @typeParam T text, or bytes on a view of bytes
 */
export interface PushKinds<T = string> {
  /** The changed keys; `null`: all. Sent only with tracking, which the option `cache` enables. */
  readonly invalidate: readonly T[] | null;
}

/** The values that a listener of kind `K` receives; for unknown kinds all elements after the kind. */
export type PushContents<K extends string, T = string> = K extends keyof PushKinds ? PushKinds<T>[K]
  : Reply[];

/** A function for push frames of one kind that can be given to a connection. It never throws. */
export function pushListener(
  kind: string,
  listener: (contents: never) => unknown,
  mode: number,
  events: TypedEventTarget<ConnectionEvents>,
): (values: Reply[]) => void {
  const failed = (error: unknown): void => {
    const told = emit(events, "listenererror", { event: kind, error });
    if (!told) console.error(`A listener of the push "${kind}" failed:`, error);
  };
  return (values) => {
    if (values[0] !== kind) return;
    try {
      const contents = values.slice(1).map((value) => contentsIn(value, mode));
      const result = listener((kind === "invalidate" ? contents[0] ?? null : contents) as never);
      if (result instanceof Promise) result.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  };
}

/** Converts values of a push message to the mode of the client. */
function contentsIn(value: Reply, mode: number): Reply {
  if (typeof value === "string" || value instanceof Uint8Array) return inMode(value, mode);
  if (Array.isArray(value)) return value.map((one) => contentsIn(one, mode));
  if (value instanceof Map) {
    return new Map([...value].map(([key, one]) => [contentsIn(key, mode), contentsIn(one, mode)]));
  }
  return value;
}
