/**
 * Creates protocol errors. They quote lines with lengths or garbage, shortened, and never the content of bulk
 * strings.
 *
 * @module
 */
import { ProtocolError } from "../errors.ts";

const SHOWN = 40;
const HTTP = "HTTP/1.";

/** The error for bytes that cannot be read, with code `PROTOCOL`. */
export function unreadable(why: string): ProtocolError {
  return new ProtocolError(`Cannot read the reply: ${why}`, { code: "PROTOCOL" });
}

/** The error for a byte that starts no reply; recognises servers that speak something else. */
export function unknownType(bytes: Uint8Array, at: number, end: number): ProtocolError {
  const first = bytes[at]!;
  if ((first === 0x15 || first === 0x16) && bytes[at + 1] === 0x03) {
    return unreadable(
      "the server speaks TLS, not plain RESP; connect with tls, or to its plain port",
    );
  }
  const text = show(bytes, at, end);
  if (text.startsWith(HTTP, 1)) {
    return unreadable(`the server speaks HTTP, not RESP (received ${text})`);
  }
  return unreadable(`${text} does not start a RESP value`);
}

/** The error for a line that does not fit its type, which `what` names. */
export function badLine(what: string, bytes: Uint8Array, at: number, end: number): ProtocolError {
  return unreadable(`${show(bytes, at, end)} is not ${what}`);
}

/** Returns the first received line, quoted, escaped and cut to 40 bytes. */
function show(bytes: Uint8Array, at: number, end: number): string {
  let text = "";
  const stop = Math.min(end, at + SHOWN);
  for (; at < stop; at++) {
    const byte = bytes[at]!;
    if (byte === 10 || (byte === 13 && bytes[at + 1] === 10)) return `"${text}"`;
    if (byte === 34 || byte === 92) text += `\\${String.fromCharCode(byte)}`;
    else if (byte > 31 && byte < 127) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return stop < end ? `"${text}"...` : `"${text}"`;
}

/** Creates the error for a string with a wrong length. */
export function unended(): ProtocolError {
  return unreadable("a bulk string does not end with CRLF where its length says");
}
