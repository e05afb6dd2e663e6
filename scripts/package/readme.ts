/**
 * The README of the package: links and images are absolute, as registries show it without the repository.
 *
 * @module
 */

const LINK = /(!?)\[((?:[^\]\\]|\\.)*)\]\((?!https?:|#|mailto:)([^)\s]+)\)/g;

/** Returns the text with absolute links to the files of this version. */
export function absoluteLinks(text: string, repository: string, version: string): string {
  const raw = repository.replace("https://github.com/", "https://raw.githubusercontent.com/");
  const withTags = text.replace(
    /\b(src|srcset|href)="(?!https?:|#)([^"]+)"/g,
    (_, name: string, path: string) =>
      `${name}="${name === "href" ? `${repository}/blob` : raw}/v${version}/${clean(path)}"`,
  );
  return withTags.replace(LINK, (_, image: string, label: string, path: string) => {
    const base = image ? raw : `${repository}/blob`;
    return `${image}[${label}](${base}/v${version}/${clean(path)})`;
  });
}

function clean(path: string): string {
  return path.replace(/^\.\//, "");
}
