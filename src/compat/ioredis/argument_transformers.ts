/**
 * Arguments of MSET and HSET as objects and Maps.
 *
 * @module
 */

/** Changes the arguments of a command before it is sent. */
// deno-lint-ignore no-explicit-any
export type ArgumentTransformer = (args: any[]) => any[];

function pairsOf(value: unknown): unknown[] | undefined {
  if (value instanceof Map) return [...value].flat(1);
  if (typeof value === "object" && value !== null) return Object.entries(value).flat(1);
  return undefined;
}

const assignments: ArgumentTransformer = (args) => (args.length === 1 && pairsOf(args[0])) || args;

const fields: ArgumentTransformer = (args) => {
  const pairs = args.length === 2 ? pairsOf(args[1]) : undefined;
  return pairs === undefined ? args : [args[0], ...pairs];
};

/** The transformers of arguments, by the names of commands. */
export function argumentTransformers(): Record<string, ArgumentTransformer> {
  return { mset: assignments, msetnx: assignments, hset: fields, hmset: fields };
}
