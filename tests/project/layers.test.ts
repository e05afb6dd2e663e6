import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { checkLayers } from "../../scripts/check_layers.ts";
import { tableFaults } from "../../scripts/layers/table.ts";
import { tokenize } from "../../scripts/layers/tokens.ts";
import { removeFolder, temporaryFolder } from "../harness/folders.ts";

/** Checks a project that consists of these files. */
function check(files: Record<string, string>): string[] {
  const root = temporaryFolder();
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return checkLayers(root);
  } finally {
    removeFolder(root);
  }
}

const GOOD = {
  "mod.ts": 'export * from "./src/client/redis.ts";\nconst node = () => import("./transports/node.ts");\n',
  "src/errors.ts": "export class E extends Error {}\n",
  "src/transport.ts": "export interface T {}\n",
  "src/resp/types.ts": 'import type { E } from "../errors.ts";\n',
  "src/client/redis.ts": 'import { x } from "../resp/types.ts";\n',
  "src/client/with.ts": 'import { x } from "./redis.ts";\n',
  "transports/node.ts": 'import net from "node:net";\nimport type { T } from "../src/transport.ts";\n',
};

describe("check_layers", () => {
  it("finds nothing wrong with this project", () => {
    assert.deepEqual(checkLayers(fileURLToPath(new URL("../..", import.meta.url))), []);
  });

  it("finds nothing wrong with a good project", () => assert.deepEqual(check(GOOD), []));

  const wrong: [string, Record<string, string>, RegExp][] = [
    [
      "an import upwards",
      { "src/resp/a.ts": 'import { R } from "../client/redis.ts";' },
      /resp must not import client/,
    ],
    [
      "an import of types upwards",
      { "src/resp/a.ts": 'import type { R } from "../client/redis.ts";' },
      /resp must not/,
    ],
    [
      "a re-export upwards",
      { "src/resp/a.ts": 'export * from "../client/redis.ts";' },
      /resp must not import client/,
    ],
    ["a dynamic import of a transport", {
      "src/client/a.ts": 'const t = await import("../../transports/node.ts");',
    }, /client must not import transports/],
    ["a type written as an import", {
      "src/errors.ts": 'export type T = import("./transport.ts").T;',
    }, /errors must not import transport /],
    ["a transport that knows more than the contract", {
      "transports/a.ts": 'import "../src/resp/types.ts";',
    }, /transports must not import resp/],
    ["a client that knows the cluster", {
      "src/client/a.ts": 'import "../cluster/a.ts";',
      "src/cluster/a.ts": "",
    }, /client must not import cluster/],
    ["an unknown layer", { "src/helpers/a.ts": "" }, /src\/helpers\/a\.ts: is in no layer/],
    ["an unknown file at the top", { "index.ts": "" }, /index\.ts: is in no layer/],
    [
      "an import out of all layers",
      { "src/resp/a.ts": 'import "../../tests/a.ts";' },
      /in no layer/,
    ],
    ["a dependency", { "src/resp/a.ts": 'import "npm:left-pad";' }, /no dependencies/],
    ["a runtime's module in src", { "src/resp/a.ts": 'import "node:net";' }, /no dependencies/],
    ["an import that is computed", { "src/resp/a.ts": "await import(name);" }, /\(computed\)/],
    [
      "a runtime's name",
      { "src/resp/a.ts": "\n\nexport const a = Buffer.from([1]);" },
      /a\.ts:3: names Buffer/,
    ],
    ["a name by way of globalThis", { "src/resp/a.ts": "globalThis.Deno;" }, /names Deno/],
    ["a name in brackets", { "src/resp/a.ts": 'globalThis["Bun"];' }, /names Bun/],
    ["a name inside a template", { "src/resp/a.ts": "`a ${`b ${process.pid}`} c`;" }, /names process/],
    ["the runtime's time", { "src/resp/a.ts": "\nDate.now();" }, /a\.ts:2: calls Date\.now\(\); time/],
    ["the runtime's chance", { "src/resp/a.ts": "crypto.randomUUID();" }, /calls crypto\.randomUUID/],
    ["a cycle", {
      "src/resp/a.ts": 'import "./b.ts";',
      "src/resp/b.ts": 'import type { A } from "./a.ts";',
    }, /cycle: src\/resp\/a\.ts -> src\/resp\/b\.ts -> src\/resp\/a\.ts/],
    ["a long file", { "tests/a.test.ts": "//\n".repeat(401) }, /a\.test\.ts: 401 lines/],
  ];
  for (const [what, files, fault] of wrong) {
    it(`sees ${what}`, () => {
      const faults = check({ ...GOOD, ...files });
      assert.equal(faults.length, 1, faults.join("\n"));
      assert.match(faults[0] as string, fault);
    });
  }

  it("takes no offence at text, comments, properties and generated files", () => {
    const text = [
      '// import "node:net"; Deno',
      '/* Buffer from "../client/redis.ts" */',
      "const a = \"Deno, Bun: import('x') from\";",
      "const b = /[/\"]Buffer from 'x'/.test(a) ? `process ${a} Bun` : 4 / 2 / 1;",
      "export const c = a.process;",
    ];
    assert.deepEqual(check({ ...GOOD, "src/resp/a.ts": text.join("\n") }), []);
    assert.deepEqual(check({ ...GOOD, "src/resp/a.ts": `// Generated by x\n${"//\n".repeat(500)}` }), []);
  });

  it("keeps its table free of cycles", () => {
    const layers = [{ name: "a", paths: [], uses: ["b"] }, { name: "b", paths: [], uses: ["a"] }];
    assert.deepEqual(tableFaults(layers), ["table: a uses b, which is not above it"]);
  });

  it("counts lines through comments, templates and strings", () => {
    const tokens = tokenize("/*\n*/ a `x\n${b}\n` 'c'");
    assert.deepEqual(tokens.map(({ kind, text, line }) => `${line} ${kind} ${text.trim()}`), [
      "2 word a",
      "2 text x",
      "3 word b",
      "3 text ",
      "4 string c",
    ]);
  });
});
