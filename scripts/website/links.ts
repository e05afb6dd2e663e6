/**
 * Checks the links within a built website.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** Returns the links of the pages that lead to no file or to no anchor. */
export function brokenLinks(folder: string): string[] {
  const pages = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".html")
  );
  const anchors = new Map<string, Set<string>>();
  const anchorsOf = (path: string): Set<string> => {
    let known = anchors.get(path);
    if (known === undefined) {
      known = new Set([...readFileSync(path, "utf8").matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id!));
      anchors.set(path, known);
    }
    return known;
  };
  return pages.flatMap((page) => {
    const generated = page.startsWith("reference");
    const hrefs = readFileSync(join(folder, page), "utf8").matchAll(/\shref="([^"]*)"/g);
    // `deno doc` escapes slashes.
    const links = new Set(
      [...hrefs].map(([, href]) => href!.replaceAll("&#x2F;", "/").replaceAll("&amp;", "&")),
    );
    return [...links].flatMap((href) => {
      // `deno doc` (2.9) writes no pages for members whose name is a symbol.
      if (/^(\w+:|\/\/)/.test(href) || href === "" || (generated && href.includes("[Symbol"))) return [];
      const [path, anchor] = href.replace(/\?.*?(?=#|$)/, "").split("#") as [string, string?];
      let target = path === ""
        ? join(folder, page)
        : path.startsWith("/")
        ? join(folder, decodeURI(path))
        : join(folder, dirname(page), decodeURI(path));
      if (existsSync(target) && statSync(target).isDirectory()) target = join(target, "index.html");
      if (!existsSync(target) && existsSync(`${target}.html`)) target += ".html";
      if (!existsSync(target)) return [`${page}: ${href} has no target`];
      // The anchors of `deno doc` are its own matter.
      if (generated || anchor === undefined || anchor === "" || !target.endsWith(".html")) return [];
      return anchorsOf(target).has(decodeURIComponent(anchor)) ? [] : [`${page}: ${href} has no anchor`];
    });
  });
}
