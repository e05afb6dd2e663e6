/** Broken requests to the test server, as a real server treats them. @module */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RequestParser } from "../../src/testing/request_parser.ts";

function parse(...parts: readonly string[]): unknown[] {
  const parser = new RequestParser();
  const found: unknown[] = [];
  for (const part of parts) {
    parser.push(new TextEncoder().encode(part));
    try {
      for (let args = parser.next(); args !== undefined; args = parser.next()) found.push(args);
    } catch (error) {
      found.push((error as { text?: string }).text);
    }
    parser.keep();
  }
  return found;
}

describe("requests of the test server", () => {
  it("are not complete where a zero comes before the end of a line", () => {
    assert.deepEqual(parse("PING a\n", "'  c  \0\n", "PING\r\n"), [["PING", "a"]]);
    assert.deepEqual(parse("*1\0\r\n$4\r\nPING\r\n"), []);
  });

  it("are judged when their lines are complete", () => {
    assert.deepEqual(parse("*3\r\n$5\r\nLPGETNAME  v\n", "\r", "\n"), [
      "Protocol error: expected '$', got 'M'",
    ]);
    assert.deepEqual(parse("*1x", "\r", "\n"), ["Protocol error: invalid multibulk length"]);
    assert.deepEqual(parse("*1\r\n$4\r", "\nPING\r\n*1", "\r\n$4\r\nPI", "NG\r\n"), [["PING"], ["PING"]]);
  });

  it("may not have endless lines", () => {
    const much = "x".repeat(70_000);
    assert.deepEqual(parse(much), ["Protocol error: too big inline request"]);
    assert.deepEqual(parse(`*${much}`), ["Protocol error: too big mbulk count string"]);
    assert.deepEqual(parse("*1\r\n", `$${much}`), ["Protocol error: too big bulk count string"]);
    assert.deepEqual(parse("*1\r\n", much), ["Protocol error: too big bulk count string"]);
  });
});
