/**
 * The shape of the recorded files, as `record_commands.ts` writes them and `generate_commands.ts` reads them.
 *
 * @module
 */

/** An argument as `COMMAND DOCS` describes it. */
export interface RecordedArgument {
  /** Its name in the documentation. */
  readonly name: string;
  /** `key`, `string`, `integer`, `double`, `pattern`, `unix-time`, `pure-token`, `oneof`, `block`. */
  readonly type: string;
  /** The word in front of it, or, for a `pure-token`, the word that it is. */
  readonly token?: string;
  /** `optional`, `multiple`, `multiple_token`. */
  readonly flags?: readonly string[];
  /** The members of a `oneof` or `block`. */
  readonly arguments?: readonly RecordedArgument[];
}

/** The positions of keys from `COMMAND INFO`, counted with the words of the name. */
export interface RecordedKeySpec {
  /** The start of the search. */
  readonly begin_search: {
    readonly type: string;
    readonly spec: { readonly index?: number; readonly keyword?: string; readonly startfrom?: number };
  };
  /** The number of keys from there. */
  readonly find_keys: {
    readonly type: string;
    readonly spec: {
      readonly lastkey?: number;
      readonly keystep?: number;
      readonly limit?: number;
      readonly keynumidx?: number;
      readonly firstkey?: number;
    };
  };
}

/** A command as recorded. */
export interface RecordedCommand {
  /** The summary in one line. */
  readonly summary?: string;
  /** The first version. */
  readonly since?: string;
  /** The group of the documentation. */
  readonly group?: string;
  /** The complexity, in the words of the documentation. */
  readonly complexity?: string;
  /** The version that deprecated it. */
  readonly deprecated?: string;
  /** The replacement of a deprecated command. */
  readonly replaced?: string;
  /** Its arguments. */
  readonly arguments?: readonly RecordedArgument[];
  /** `readonly`, `write`, `blocking`. */
  readonly flags: readonly string[];
  /** `request_policy:...`, `response_policy:...`. */
  readonly tips: readonly string[];
  /** The positions of its keys. */
  readonly keys: readonly RecordedKeySpec[];
  /** Whether it only contains subcommands. */
  readonly container?: boolean;
}
