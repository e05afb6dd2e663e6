/**
 * A defect to plant.
 *
 * @module
 */
import type { TopologyName } from "../scenario.ts";

/** A defect, as an edit of one file. */
export interface PlantedFault {
  readonly name: string;
  readonly file: string;
  /** The text in the file, which occurs once. */
  readonly find: string;
  readonly replace: string;
  /** Whether a few hundred worlds find it; the others wait for worlds that can show them. */
  readonly found: boolean;
  /** The worlds that are looked through. */
  readonly topology: TopologyName;
}

/** Makes a defect. */
export function plant(
  name: string,
  file: string,
  find: string,
  replace: string,
  found: boolean = true,
  topology: TopologyName = "standalone",
): PlantedFault {
  return { name, file, find, replace, found, topology };
}
