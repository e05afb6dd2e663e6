/**
 * Scripts, as the dispatch of commands sees them.
 *
 * @module
 */

/** The information about scripts that dispatch needs. */
export interface ScriptGate {
  /** Whether a script can be run now, or be refused. */
  readonly ready: boolean;
  /** The numbers of scripts, libraries and functions. */
  readonly counts: { readonly scripts: number; readonly libraries: number; readonly functions: number };
  /** Loads the engine. */
  load(): Promise<void>;
  /** Returns the requirements of a command that runs a script, from the script's flags. */
  needs(
    name: string,
    args: readonly string[],
  ): { readonly write: boolean; readonly memory: boolean } | undefined;
  /** Frees the memory of the engine. */
  close(): void;
}
