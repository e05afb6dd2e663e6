/**
 * Checks which values can be arguments of a command. Errors name the position and the type, never the value, because
 * it may be a secret.
 *
 * @module
 */

/** Whether the value is a `Uint8Array`, also one of another realm, of which `instanceof` knows nothing. */
export function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array ||
    (ArrayBuffer.isView(value) &&
      (value as { readonly [Symbol.toStringTag]?: string })[Symbol.toStringTag] === "Uint8Array");
}

/** Returns whether the memory of a `Uint8Array` was transferred. It looks empty, which would send wrong data. */
export function isGone(bytes: Uint8Array): boolean {
  return bytes.length === 0 && (bytes.buffer as { readonly detached?: boolean }).detached === true;
}

/** Stands for an argument that the caller left out; refused with its name instead of its position. */
export class Missing {
  /** The problem, such as `"the key is undefined"`. */
  readonly what: string;

  /** Names the missing parameter. */
  constructor(what: string) {
    this.what = what;
  }
}

/**
 * Looks at all arguments of a command.
 *
 * @throws {TypeError} for the first that cannot be sent.
 */
export function checkArguments(args: readonly unknown[], head: Uint8Array): void {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    const type = typeof arg;
    if (type === "bigint" || (type === "number" && !Number.isNaN(arg))) continue;
    if (type === "string" && (arg as string).isWellFormed()) continue;
    if (isBytes(arg) && !isGone(arg)) continue;
    throw refusal(arg, i, head);
  }
}

/** The error for a command that is no list: a text would go out letter by letter. */
export function noWords(words: unknown): TypeError {
  const got = words === null ? "null" : typeof words === "object" ? "an object" : `a ${typeof words}`;
  return new TypeError(
    `Cannot send a command that is ${got}: it must be a list of words, as in ["GET", "key"]`,
  );
}

/** The error for an argument that cannot be sent; `index` counts from 0, the message from 1. */
export function refusal(arg: unknown, index: number, head: Uint8Array): TypeError {
  const name = commandName(head);
  if (arg instanceof Missing) return new TypeError(`Cannot send ${name}: ${arg.what}`);
  const which = name === "" ? `word ${index + 1} of the command` : `argument ${index + 1} of ${name}`;
  return new TypeError(`Cannot send ${which}: it is ${describe(arg)}${advice(arg)}`);
}

/** The words of a head (`$3\r\nGET\r\n`), joined by spaces. */
function commandName(head: Uint8Array): string {
  return String.fromCharCode(...head).split("\r\n").filter((_, i) => i % 2 === 1).join(" ");
}

function describe(arg: unknown): string {
  if (arg === null || arg === undefined) return String(arg);
  switch (typeof arg) {
    case "number":
      return "NaN";
    case "string":
      return "text with a lone surrogate (half a character), which UTF-8 does not have";
    case "object": {
      if (Array.isArray(arg)) return "an array";
      if (isBytes(arg)) return "a Uint8Array whose memory was transferred away";
      const tag = Object.prototype.toString.call(arg).slice(8, -1);
      return `an object (${tag})`;
    }
    case "function":
    case "symbol":
      return `a ${typeof arg}`;
    default:
      return `a ${typeof arg}`;
  }
}

function advice(arg: unknown): string {
  if (typeof arg === "string") return ": send bytes, or text.toWellFormed()";
  const accepted = "; strings, numbers, bigints and Uint8Array can be sent";
  if (arg === null || arg === undefined) {
    return `${accepted}: is a variable not set? Leave it out, or send ""`;
  }
  if (typeof arg === "boolean") return `${accepted}: send 1 and 0, or a word`;
  if (Array.isArray(arg)) return `${accepted}: spread it (...)`;
  if (isBytes(arg)) return ": send it before, or send a copy";
  if (ArrayBuffer.isView(arg)) {
    return `${accepted}: pass new Uint8Array(view.buffer, view.byteOffset, view.byteLength)`;
  }
  const tag = Object.prototype.toString.call(arg);
  if (tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]") {
    return `${accepted}: pass new Uint8Array(buffer)`;
  }
  if (typeof (arg as { then?: unknown }).then === "function") return ": did you forget `await`?";
  if (tag === "[object Date]") return `${accepted}: send its getTime() or toISOString()`;
  if (arg instanceof Set || arg instanceof Map) {
    return `${accepted}: spread it ([...${tag.slice(8, -1).toLowerCase()}])`;
  }
  if (typeof arg === "object") return `${accepted}: serialise it, for example with JSON.stringify`;
  return accepted;
}
