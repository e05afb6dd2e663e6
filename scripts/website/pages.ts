/**
 * Copies the guides for the website. Links to other files of the repository become links to GitHub.
 *
 * @module
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { REPOSITORY } from "../package/manifest.ts";

const HOME = `---
layout: home
hero:
  name: Keywire
  text: Redis and Valkey client for Deno, Bun and Node
  tagline: Every error says whether the command may have run.
  actions:
    - { theme: brand, text: Get started, link: /guides/connecting }
    - { theme: alt, text: Guides, link: /guides/ }
    - { theme: alt, text: API reference, link: /reference/index.html, target: _self }
features:
  - { title: One client on three runtimes, details: "Node, Deno and Bun, with types for every command and no dependencies." }
  - { title: Certain outcomes, details: "No write runs twice by a retry. Errors say yes, no or unknown." }
  - { title: Clusters and sentinels, details: "Order within a slot, failover, reads from replicas by zone and lag." }
  - { title: Tests without a server, details: "A Redis server in the process, with control of time and faults." }
---
`;

/** Returns the text with links to files outside of \`docs/\` as links to the repository. */
function withSiteLinks(text: string): string {
  return text.replace(/\]\(([^)\s]+)\)/g, (whole, target: string) => {
    if (/^(\w+:|#)/.test(target)) return whole;
    const path = posix.join("docs", target);
    if (!path.startsWith("docs/")) return `](${REPOSITORY}/blob/main/${path})`;
    return target.startsWith("README.md") ? `](./index.md${target.slice("README.md".length)})` : whole;
  });
}

/** Returns the text in which VitePress does not interpret double braces and angle brackets outside of code. */
function escaped(text: string): string {
  return text.split(/(^```[^]*?^```$|`[^`\n]*`)/m).map((part, index) =>
    index % 2 === 1 && part.startsWith("```") ? part : part.replaceAll("{{", "&#123;&#123;")
  ).join("");
}

/** Writes the home page and the guides into a folder. */
export function writePages(root: string, folder: string): void {
  mkdirSync(join(folder, "guides"), { recursive: true });
  writeFileSync(join(folder, "index.md"), HOME);
  for (const name of readdirSync(join(root, "docs")).filter((file) => file.endsWith(".md"))) {
    const text = readFileSync(join(root, "docs", name), "utf8");
    const target = name === "README.md" ? "index.md" : name;
    writeFileSync(
      join(folder, "guides", target),
      escaped(withSiteLinks(text)).replaceAll("```ts ignore", "```ts"),
    );
  }
}
