/**
 * Reads the values of options.
 *
 * @module
 */
import type { CliArguments } from "./command.ts";
import { UsageError } from "./usage_error.ts";

/** The text of an option; `undefined` where it was not given. */
export function readText({ values }: CliArguments, name: string): string | undefined {
  return values[name] as string | undefined;
}

/** Whether a flag was given. */
export function readFlag({ values }: CliArguments, name: string): boolean {
  return values[name] === true;
}

/** The whole number of an option; `undefined` where it was not given.
 *
 * @throws {UsageError} for anything but a whole number from `least` to `most`. */
export function readNumber(
  args: CliArguments,
  name: string,
  { least = 0, most = Number.MAX_SAFE_INTEGER }: { readonly least?: number; readonly most?: number } = {},
): number | undefined {
  const text = readText(args, name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  const limit = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`;
  throw new UsageError(`--${name} must be a whole number, ${limit}; got "${text}"`);
}

/** The pairs of an option that can be repeated: `--config maxmemory=1mb`.
 *
 * @throws {UsageError} for a value without `=`. */
export function readPairs({ values }: CliArguments, name: string): Record<string, string> | undefined {
  const texts = values[name] as readonly string[] | undefined;
  if (texts === undefined) return undefined;
  return Object.fromEntries(texts.map((text) => {
    const at = text.indexOf("=");
    // The text is not repeated: it may be a password.
    if (at < 1) throw new UsageError(`--${name} takes NAME=VALUE`);
    return [text.slice(0, at), text.slice(at + 1)];
  }));
}
