/** Vector sets (Redis 8). @module */
import * as c from "../../src/commands/mod.ts";
import type { Context } from "./suite.ts";

/** All of them. */
export async function vectors(t: Context): Promise<void> {
  if (!t.has("VADD")) return;
  await t.is(c.vadd("v", [1, 0], "right", { noQuant: true, setAttr: '{"year":1984}' }), true);
  await t.is(c.vadd("v", new Float32Array([0, 1]), "up", { noQuant: true, m: 16 }), true);
  await t.is(
    c.vadd("v", { fp32: new Uint8Array(new Float32Array([-1, 0]).buffer) }, "3", { noQuant: true }),
    true,
  );
  await t.is(c.vadd("v", [0, 1], "up", { noQuant: true, cas: true }), false);
  await t.is(c.vcard("v"), 3);
  await t.is(c.vdim("v"), 2);
  await t.is(c.vemb("v", "right"), [1, 0]);
  await t.is(c.vemb("v", "none"), null);
  await t.is(c.vgetattr("v", "right"), '{"year":1984}');
  await t.is(c.vsetattr("v", "up", '{"year":2000}'), true);
  await t.looks(c.vinfo("v"), (info) => info!.size === 3 && info!["vector-dim"] === 2);
  await t.is(c.vismember("v", "up"), true);
  await t.is(c.vismember("v", "none"), false);
  await t.members(c.vrandmember("v", 3), ["right", "up", "3"]);
  await t.looks(c.vrandmember("v"), (one) => one !== null);
  await t.looks(c.vlinks("v", "up"), (levels) => levels!.at(-1)!.length === 2);
  await t.looks(
    c.vlinks("v", "up", { withScores: true }),
    (levels) => typeof levels!.at(-1)![0]![1] === "number",
  );
  await t.is(c.vsim("v", [1, 0.1], { count: 2 }), ["right", "up"]);
  await t.is(c.vsim("v", { element: "3" }, { withScores: true }), [["3", 1], ["up", 0.5], ["right", 0]]);
  await t.is(c.vsim("v", [1, 0], { filter: ".year > 1990", filterEf: 100, truth: true }), ["up"]);
  await t.looks(
    c.vemb("v", "up", { raw: true }),
    (raw) => raw!.quantization === "f32" && raw!.norm === 1 && raw!.data.length === 8,
  );
  if (t.redis("8.2.0")) {
    const right = { element: "right" };
    await t.is(c.vsim("v", right, { withScores: true, withAttribs: true }), [
      ["right", 1, '{"year":1984}'],
      ["up", 0.5, '{"year":2000}'],
      ["3", 0, null],
    ]);
    await t.is(c.vsim("v", right, { withAttribs: true, count: 1 }), [["right", '{"year":1984}']]);
  }
  if (t.has("VRANGE")) {
    await t.is(c.vrange("v", "-", "+"), ["3", "right", "up"]);
    await t.is(c.vrange("v", "[right", "(up", 10), ["right"]);
  }
  await t.is(c.vrem("v", "up"), true);
  await t.is(c.vrem("v", "up"), false);
}
