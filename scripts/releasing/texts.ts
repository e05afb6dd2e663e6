/**
 * The changes of a release in the texts of the project.
 *
 * @module
 */

/** Returns the changelog with its "Unreleased" section named for the version, and an empty one above it. */
export function dateChangelog(text: string, version: string, date: string): string {
  if (text.includes(`## ${version} `)) {
    throw new Error(`Cannot release: CHANGELOG.md has a section ${version} already`);
  }
  const heading = "## Unreleased\n";
  const start = text.indexOf(heading);
  if (start < 0) throw new Error("Cannot release: CHANGELOG.md has no section 'Unreleased'");
  const rest = text.slice(start + heading.length);
  if (!/^\s*(?!\s|## )\S/.test(rest)) {
    throw new Error("Cannot release: the section 'Unreleased' of CHANGELOG.md is empty");
  }
  return `${text.slice(0, start)}${heading}\n## ${version} - ${date}\n${rest}`;
}

const VERSION = /((?:"version"|LIB_VERSION|libVersion)\s*[:=]\s*)"\d+\.\d+\.\d+[^"]*"/;

/** Returns the text with the package's version in it replaced. */
export function setVersion(text: string, version: string): string {
  if (!VERSION.test(text)) throw new Error("Cannot release: a file that names the version does not any more");
  return text.replace(VERSION, `$1"${version}"`);
}
