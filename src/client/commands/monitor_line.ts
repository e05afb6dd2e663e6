/**
 * The lines that MONITOR sends.
 *
 * @module
 */
/** A command that the server has run. */
export interface MonitoredCommand {
  /** Distinguishes a command from a gap. */
  readonly kind: "command";
  /** The time in milliseconds since 1970, with microseconds as decimals. */
  readonly time: number;
  /** The database. */
  readonly db: number;
  /** The sender: an address, or `"lua"`. */
  readonly client: string;
  /** The command's words; of one that is no UTF-8, each byte is a character of the same number. */
  readonly words: readonly string[];
}

const LINE = /^(\d+)\.(\d+) \[(\d+) (.*?)\] (.*)$/s;
const WORD = /"((?:[^"\\]|\\.)*)"/gs;
const utf8 = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", a: "\x07", b: "\b" };

/** Reads a line of MONITOR; `undefined` when it is none. */
export function readMonitorLine(line: string): MonitoredCommand | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, seconds, fraction, db, client, rest] = match as unknown as string[];
  const words = Array.from(
    rest!.matchAll(WORD),
    ([, word]) =>
      textOf(
        word!.replaceAll(
          /\\(x[0-9a-f]{2}|.)/gs,
          (_, code: string) =>
            code.length === 3 ? String.fromCharCode(parseInt(code.slice(1), 16)) : ESCAPES[code] ?? code,
        ),
      ),
  );
  const time = Number(seconds) * 1000 + Number(fraction) / 1000;
  return { kind: "command", time, db: Number(db), client: client!, words };
}

/** The text of a word of which each character is a byte. */
function textOf(word: string): string {
  if (!/[\x80-\xff]/.test(word)) return word;
  try {
    return utf8.decode(Uint8Array.from(word, (character) => character.charCodeAt(0)));
  } catch {
    return word;
  }
}
