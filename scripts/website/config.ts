/**
 * Writes the configuration of VitePress. The sidebar has the sections of `docs/README.md`.
 *
 * @module
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../package/manifest.ts";

/** Returns the sections of the list of guides, with their links. */
function sidebar(root: string): object[] {
  const text = readFileSync(join(root, "docs/README.md"), "utf8");
  return text.split(/^## /m).slice(1).map((section) => ({
    text: section.slice(0, section.indexOf("\n")),
    items: [...section.matchAll(/\[([^\]]+)\]\(([\w-]+)\.md\)/g)].map(([, title, page]) => ({
      text: title![0]!.toUpperCase() + title!.slice(1),
      link: `/guides/${page}`,
    })),
  }));
}

/** Writes `.vitepress/config.mjs` into the folder of the pages. */
export function writeConfig(root: string, pages: string, output: string): void {
  const config = {
    title: "Keywire",
    description: "Redis and Valkey client for Deno, Bun and Node",
    lang: "en-US",
    outDir: output,
    cleanUrls: false,
    // The reference is copied after this check; scripts/website/links.ts checks all links.
    ignoreDeadLinks: true,
    themeConfig: {
      nav: [
        { text: "Guides", link: "/guides/" },
        { text: "API reference", link: "/reference/index.html", target: "_self" },
        { text: "Changelog", link: `${REPOSITORY}/blob/main/CHANGELOG.md` },
      ],
      sidebar: { "/guides/": sidebar(root) },
      search: { provider: "local" },
      outline: { level: [2, 3] },
      socialLinks: [{ icon: "github", link: REPOSITORY }],
    },
  };
  mkdirSync(join(pages, ".vitepress/theme"), { recursive: true });
  writeFileSync(join(pages, ".vitepress/config.mjs"), `export default ${JSON.stringify(config, null, 2)};\n`);
  writeFileSync(
    join(pages, ".vitepress/theme/index.mjs"),
    'import Theme from "vitepress/theme-without-fonts";\nimport "./style.css";\nexport default Theme;\n',
  );
  writeFileSync(
    join(pages, ".vitepress/theme/style.css"),
    ":root { --vp-c-brand-1: #b3361e; --vp-c-brand-2: #c8452b; --vp-c-brand-3: #b3361e; }\n" +
      ".dark { --vp-c-brand-1: #ff9a85; --vp-c-brand-2: #ff8168; --vp-c-brand-3: #c8452b; }\n" +
      // Wide tables scroll; names in their first column are not broken.
      ".vp-doc td:first-child code { white-space: nowrap; }\n",
  );
}
