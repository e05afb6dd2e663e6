import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Decoder } from "../../src/resp/decoder.ts";
import { DecodeMode, type Reply } from "../../src/resp/types.ts";

const encoder = new TextEncoder();

/** Decodes replies in a mode, in pieces of `step` bytes. */
function decode(wire: string, mode: number, step: number): unknown[] {
  const replies: unknown[] = [];
  const decoder = new Decoder({
    begin: () => mode,
    reply: (value: Reply) => void replies.push(value),
    error: (error: Error) => void replies.push(error.message),
    push: () => assert.fail("no push was sent"),
  });
  const bytes = encoder.encode(wire);
  for (let at = 0; at < bytes.length; at += step) decoder.write(bytes.slice(at, at + step));
  return replies;
}

const WIRE = "%2\r\n$1\r\na\r\n,1.50\r\n$1\r\nb\r\n%1\r\n+k\r\n,inf\r\n" +
  "*2\r\n*2\r\n$1\r\nm\r\n,3\r\n:7\r\n" +
  "%0\r\n" + ",-1e+20\r\n" + "#t\r\n" + "-ERR unknown command 'x', with args beginning with: 'secret' \r\n" +
  "*1\r\n-ERR unknown command 'x', with args beginning with: 'secret' \r\n";

describe("replies in the shapes of RESP2", () => {
  it("have flat maps and doubles as they were sent, at every cut", () => {
    const mode = DecodeMode.replace | DecodeMode.resp2 | DecodeMode.fullErrors;
    const quoted = "ERR unknown command 'x', with args beginning with: 'secret' ";
    for (let step = 1; step <= WIRE.length; step++) {
      const replies = decode(WIRE, mode, step);
      const nested = replies.pop() as Error[];
      assert.equal(nested[0]!.message, quoted);
      assert.deepEqual(replies, [
        ["a", "1.50", "b", ["k", "inf"]],
        [["m", "3"], 7],
        [],
        "-1e+20",
        true,
        quoted,
      ]);
    }
  });

  it("hide quoted arguments of errors without `fullErrors`", () => {
    const replies = decode(WIRE, DecodeMode.text | DecodeMode.resp2, WIRE.length);
    assert.equal(replies[5], "ERR unknown command 'x'");
  });

  it("are null instead of errors with `noErrors`, at every cut", () => {
    const wire = "-ERR unknown subcommand 'SETINFO'\r\n+OK\r\n!3\r\nERR\r\n*2\r\n-ERR no\r\n:1\r\n";
    for (let step = 1; step <= wire.length; step++) {
      assert.deepEqual(decode(wire, DecodeMode.text | DecodeMode.noErrors, step), [null, "OK", null, [
        null,
        1,
      ]]);
    }
  });

  it("are other than those without the mode, attributes included", () => {
    const [map] = decode(`|1\r\n+ttl\r\n:1\r\n${WIRE}`, DecodeMode.replace | DecodeMode.attributes, 7);
    assert.deepEqual(JSON.parse(JSON.stringify(map)), {
      attributes: { ttl: 1 },
      value: { a: 1.5, b: { k: null } },
    });
    const [flat] = decode(
      `|1\r\n+ttl\r\n:1\r\n${WIRE}`,
      DecodeMode.replace | DecodeMode.attributes | DecodeMode.resp2,
      7,
    );
    assert.deepEqual(JSON.parse(JSON.stringify(flat)), {
      attributes: { ttl: 1 },
      value: ["a", "1.50", "b", ["k", "inf"]],
    });
  });
});
