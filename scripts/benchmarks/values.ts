/**
 * The values that the benchmarks store.
 *
 * @module
 */

/** The value of most keys. */
export const VALUE = "0123456789abcdef";
/** 1 KiB, partly of characters that take two and three bytes. */
export const UNICODE = "\u00e9".repeat(96) + "\u65e5\u672c\u8a9e".repeat(16) + "plain text ".repeat(62) +
  "ab";
/** 1 MiB. */
export const BIG: string = "x".repeat(1_048_576);
