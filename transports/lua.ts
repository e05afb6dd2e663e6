/**
 * Loads the engine of Lua for the test server: an optional peer of the package.
 *
 * @module
 */

// Not written into the import: bundlers would look for a package that may be missing.
const peer: string = "wasmoon-lua5.1";

/** Imports the package `wasmoon-lua5.1`. */
export function importLua(): Promise<unknown> {
  return import(peer);
}
