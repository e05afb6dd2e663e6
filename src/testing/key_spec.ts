/**
 * The positions of keys among the arguments of a command.
 *
 * @module
 */

/** The positions of keys among the arguments. */
export interface KeySpec {
  /** RO, RW, OW, RM, access, insert, update, delete, not_key, incomplete, variable_flags. */
  readonly flags: readonly string[];
  /** `i1`: from place 1; `kWORD.1`: behind WORD, which is looked for from place 1 on; `u`: unknown. */
  readonly begin: string;
  /** `rLAST.STEP.LIMIT`, `nCOUNT.FIRST.STEP` or `u`. */
  readonly find: string;
}
