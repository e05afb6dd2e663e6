/**
 * The bytes that RESP is framed by.
 *
 * @module
 */

/** Ends a line, with `LF`. */
export const CR = 13;
/** Ends a line. */
export const LF = 10;
/** `$` */
export const BULK = 36;
/** `:` */
export const INTEGER = 58;
/** `*` */
export const ARRAY = 42;
/** `+` */
export const SIMPLE = 43;
/** `-` */
export const ERROR = 45;
/** `_` */
export const NULL = 95;
/** `#` */
export const BOOLEAN = 35;
/** `,` */
export const DOUBLE = 44;
/** `(` */
export const BIG_NUMBER = 40;
/** `!` */
export const BULK_ERROR = 33;
/** `=` */
export const VERBATIM = 61;
/** `%` */
export const MAP = 37;
/** `~` */
export const SET = 126;
/** `|` */
export const ATTRIBUTE = 124;
/** `>` */
export const PUSH = 62;
/** `;`: a part of a streamed string. */
export const PART = 59;
/** `.`: the end of a streamed aggregate. */
export const END = 46;

const TOP = 1;
const INNER = 2;
const PLACES: Uint8Array = new Uint8Array(256);
for (const type of "$:*+-_#,(!=%~|") PLACES[type.charCodeAt(0)] = TOP | INNER;
PLACES[PUSH] = TOP;
PLACES[PART] = PLACES[END] = INNER;

/** Whether a value that is no part of another can start with this byte. */
export function isTop(type: number): boolean {
  return (PLACES[type]! & TOP) !== 0;
}

/** Returns whether an element of an aggregate or a part of a streamed string can start with this byte. */
export function isInner(type: number): boolean {
  return (PLACES[type]! & INNER) !== 0;
}
