/**
 * The errors for invalid options. They name the option, the value (never a secret) and the expected values.
 *
 * @module
 */

/** The replacement of a secret. */
export const REDACTED = "[redacted]";

/** Shows a value in a message: short, on one line, and only if it is plain. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
    case "number":
    case "boolean":
    case "undefined":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return `${value}n`;
    case "object":
      return value instanceof Uint8Array ? `${value.byteLength} bytes` : "an object";
    default:
      return `a ${typeof value}`;
  }
}

/** Formats an option name of the user: on one line, shortened. */
export function nameOf(name: string): string {
  const escaped = JSON.stringify(name.length > 60 ? `${name.slice(0, 57)}...` : name).slice(1, -1);
  return `\`${escaped}\``;
}

/** Shows of a secret only what kind of value it is. */
function describeSecret(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value === "") return "empty";
  return `${REDACTED} (${typeof value === "object" ? "an" : "a"} ${typeof value})`;
}

function sentence(name: string, wanted: string, value: unknown, secret: boolean): string {
  return `Cannot use the option \`${name}\`: it must be ${wanted}, but it is ${
    secret ? describeSecret(value) : describe(value)
  }`;
}

/** The error for a value of the wrong type. */
export function wrongType(name: string, wanted: string, value: unknown, secret = false): TypeError {
  return new TypeError(sentence(name, wanted, value, secret));
}

/** The error for a value of the right type that is not allowed. */
export function outOfRange(name: string, wanted: string, value: unknown, secret = false): RangeError {
  return new RangeError(sentence(name, wanted, value, secret));
}

/** The error for options that exclude each other. */
export function contradiction(names: readonly string[], why: string): TypeError {
  const list = names.map((name) => `\`${name}\``);
  return new TypeError(`Cannot use the options ${list.join(" and ")} together: ${why}`);
}
