/**
 * The entries for Cloudflare Workers: those that choose a transport automatically, with the one for Workers.
 *
 * @module
 */
import type { Plugin } from "esbuild";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Entry } from "./entries.ts";

/** The folder in `esm/` where these entries are. */
export const WORKERD_FOLDER = "workerd";

const CHOICE = `"./transports/runtime.ts"`;
const SUFFIX = "?workerd";

/** Whether an entry imports a transport, which is replaced for Workers. */
export function choosesTransport({ source }: Entry): boolean {
  return source === "./mod.ts" || source === "./core.ts";
}

/** Returns the entry for Workers as one for esbuild, with {@linkcode forWorkers}. */
export function workerdEntry(root: string, { name, source }: Entry): { in: string; out: string } {
  return { in: join(root, source) + SUFFIX, out: `${WORKERD_FOLDER}/${name}` };
}

/** Reads the entries for Workers from the same sources; all that they import is shared with the others. */
export const forWorkers: Plugin = {
  name: "workerd",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?workerd$/ }, ({ path }) => ({ path, namespace: "workerd" }));
    onLoad({ filter: /.*/, namespace: "workerd" }, ({ path }) => {
      const file = path.slice(0, -SUFFIX.length);
      const source = readFileSync(file, "utf8");
      if (!source.includes(CHOICE)) throw new Error(`${file} does not import ${CHOICE}`);
      return {
        contents: source.replaceAll(CHOICE, `"./transports/runtime_workerd.ts"`),
        loader: "ts",
        resolveDir: dirname(file),
      };
    });
  },
};
