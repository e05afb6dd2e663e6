/**
 * A command as the bytes of RESP, for programs that write to a socket themselves.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** Returns text if all words are text, else a Buffer. */
export function toWritable(words: readonly (string | Uint8Array)[]): string | Buffer {
  const head = `*${words.length}\r\n`;
  if (words.every((word) => typeof word === "string")) {
    return head + words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("");
  }
  const parts = words.flatMap((word) => {
    const bytes = Buffer.from(word as string);
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n")];
  });
  return Buffer.concat([Buffer.from(head), ...parts]);
}
