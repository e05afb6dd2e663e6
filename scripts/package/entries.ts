/**
 * The entry points of the package.
 *
 * @module
 */
/** An entry point of the package. */
export interface Entry {
  /** Its key in `exports`, such as `"./core"`. */
  readonly key: string;
  /** Its source, such as `"./core.ts"`. */
  readonly source: string;
  /** Its files without folder and extension, such as `"core"` or `"transports/node"`. */
  readonly name: string;
}

/** The entries that the `exports` of deno.json name. */
export function listEntries(exports: Readonly<Record<string, string>>): Entry[] {
  return Object.entries(exports).map(([key, source]) => ({
    key,
    source,
    name: key === "." ? "index" : key.slice(2),
  }));
}
