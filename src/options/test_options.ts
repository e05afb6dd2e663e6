/**
 * Checks the names of the options of test servers.
 *
 * @module
 */
import { didYouMean } from "./did_you_mean.ts";

/** The options of all test servers. */
const COMMON = ["clock", "epoch", "password", "config", "lua", "logLimit"] as const;

/** The names of the options that one class has beside those of all. */
export type OwnNames<O> = Readonly<Record<Exclude<keyof O, typeof COMMON[number]>, true>>;

/**
 * Returns `options` if all of their names are known.
 *
 * @throws {TypeError} for an unknown name.
 */
export function withKnownNames<O extends object>(owner: string, options: O, own: OwnNames<O>): O {
  const known = [...COMMON, ...Object.keys(own)];
  const name = Object.keys(options).find((one) => !known.includes(one));
  if (name === undefined) return options;
  const near = didYouMean(name, known);
  const hint = near === undefined ? `it has ${known.join(", ")}` : `did you mean \`${near}\`?`;
  throw new TypeError(`Cannot use the option \`${name}\` of ${owner}: there is none of that name; ${hint}`);
}
