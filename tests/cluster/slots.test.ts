import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { crc16, crc16Ascii } from "../../src/cluster/routing/crc16.ts";
import { NO_KEY, SEVERAL, slotOfCommand } from "../../src/cluster/routing/route.ts";
import { slotOf } from "../../src/cluster/routing/slot.ts";
import { get, mget, ping, set, xread } from "../../src/commands/mod.ts";

const utf8 = new TextEncoder();

describe("the slot of a key", () => {
  it("is CRC16/XMODEM of the key, modulo 16,384", () => {
    assert.equal(crc16(utf8.encode("123456789")), 0x31c3);
    assert.equal(crc16Ascii("123456789", 0, 9), 0x31c3);
    assert.equal(crc16Ascii("é", 0, 1), -1);
    assert.equal(slotOf("123456789"), 0x31c3 % 16_384);
    assert.equal(slotOf("foo"), 12_182);
    assert.equal(slotOf("bar"), 5_061);
    assert.equal(slotOf(""), 0);
  });

  it("is that of what stands in the first braces, if something does", () => {
    assert.equal(slotOf("{user1000}.following"), slotOf("user1000"));
    assert.equal(slotOf("foo{bar}{zap}"), slotOf("bar"));
    assert.equal(slotOf("foo{{bar}}zap"), slotOf("{bar"));
    const whole = utf8.encode("foo{}{bar}");
    assert.equal(slotOf("foo{}{bar}"), crc16(whole) % 16_384);
    assert.equal(slotOf("foo{bar"), crc16(utf8.encode("foo{bar")) % 16_384);
    assert.equal(slotOf("}{bar}"), slotOf("bar"));
  });

  it("is the same for text, for its bytes, and for numbers", () => {
    for (const key of ["a", "{é}x", "x{日本}y", "é", "😀{😀}", "{}", "no{tag", "12"]) {
      assert.equal(slotOf(key), slotOf(utf8.encode(key)), key);
    }
    assert.equal(slotOf(12), slotOf("12"));
    assert.equal(slotOf(12n), slotOf("12"));
  });
});

describe("the slot of a command", () => {
  it("is that of its keys", () => {
    assert.equal(slotOfCommand(get("foo")), 12_182);
    assert.equal(slotOfCommand(set("foo", "bar")), 12_182);
    assert.equal(slotOfCommand(mget(["{foo}1", "{foo}2"])), 12_182);
    assert.equal(slotOfCommand(xread({ "{foo}1": "0", "{foo}2": "0" })), 12_182);
  });

  it("is none without keys, and told apart where there are several", () => {
    assert.equal(slotOfCommand(ping()), NO_KEY);
    assert.equal(slotOfCommand(mget(["foo", "bar"])), SEVERAL);
  });
});
