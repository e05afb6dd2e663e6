/**
 * The versions of Node that the package is tried on, as ordinary npm packages.
 *
 * @module
 */
import { join } from "node:path";
import { toolFolder } from "./tools.ts";

/** Exact, so that a run does not depend on its day; 26 is the one of package.json. */
const VERSIONS = { 20: "20.20.2", 22: "22.23.3", 24: "24.9.0" } as const;

/** A Node. */
export interface Node {
  /** Its name, such as `"Node 22"`. */
  readonly name: string;
  /** The path of its program. */
  readonly program: string;
}

/** Returns the programs, or only the oldest and the newest. Installs missing ones once, about 5 s and 100 MB each. */
export function findNodes(root: string, everything: boolean): Node[] {
  const wanted = Object.entries(VERSIONS).slice(0, everything ? undefined : 1);
  const nodes = wanted.map(([major, version]) => {
    const folder = toolFolder(root, "node", { node: version });
    return { name: `Node ${major}`, program: join(folder, "node_modules", "node", "bin", "node") };
  });
  return [...nodes, { name: "Node 26", program: join(root, "node_modules", ".bin", "node") }];
}
