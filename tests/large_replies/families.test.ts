/** Families of keys: the first read of a key is expected to be large if those of its family always were. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { patternOf, ReplySizes } from "../../src/client/connections/reply_sizes.ts";

describe("families of keys with large replies", () => {
  it("have names with a star for each number and identifier", () => {
    const names = {
      "user:17:avatar": "user:*:avatar",
      "user17": "user*",
      "page/about": "page/about",
      "doc:7f3e1c2a-93d1-4b6f-a1b2-0123456789ab": "doc:*",
      "v2:a1b2c3:x": "v*:*:x",
      "{cart:9}:items": "{cart:*}:items",
      "": "",
    };
    for (const [key, name] of Object.entries(names)) assert.equal(patternOf(key), name);
  });

  it("expect a large reply when three keys had one, and none when one in three is small", () => {
    const sizes = new ReplySizes();
    const expects = (key: string): boolean => sizes.estimate("GET", key)?.large === true;
    for (const key of ["page:home", "page:about"]) sizes.record("GET", key, true, 0);
    assert.equal(expects("page:new"), false);
    sizes.record("GET", "page:news", true, 0);
    assert.equal(expects("page:new"), true);
    assert.equal(sizes.estimate("STRLEN", "page:new"), undefined);
    for (let index = 0; index < 60; index++) {
      sizes.record("GET", `page:${"x".repeat(index)}`, index % 3 > 0, 0);
    }
    assert.equal(expects("page:new"), false);
  });

  it("tell keys apart whose names differ behind the number", () => {
    const sizes = new ReplySizes();
    for (let user = 0; user < 40; user++) {
      sizes.record("GET", `user:${user}:avatar`, true, 0);
      sizes.record("GET", `user:${user}:name`, false, 0);
    }
    assert.equal(sizes.estimate("GET", "user:99:avatar")?.large, true);
    assert.equal(sizes.estimate("GET", "user:99:name")?.large, false);
  });

  it("are bounded in number, and forgotten when they were not used for long", () => {
    const sizes = new ReplySizes();
    const long = "x".repeat(1_000_000);
    for (let index = 0; index < 10_000; index++) {
      const name = String.fromCharCode(97 + index % 26, 97 + (index / 26 | 0) % 26, 97 + (index / 676 | 0));
      sizes.record("GET", `${name}:1`, true, index);
      sizes.record("GET", long, true, index);
    }
    assert.equal(sizes.size, 256);
    sizes.forget(9_999);
    assert.equal(sizes.size, 1);
    sizes.forget(10_000);
    assert.equal(sizes.size, 0);
  });

  it("cost little time for long names", () => {
    assert.equal(patternOf("x".repeat(1_000_000)).length, 1_000_000);
    assert.equal(new ReplySizes().mayKnow("1".repeat(1_000_000)), false);
  });
});
