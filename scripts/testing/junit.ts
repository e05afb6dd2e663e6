/**
 * Reads the JUnit reports of the three runtimes, which nest and name their cases each in its own way.
 *
 * @module
 */

/** One test and its outcome. */
export interface TestCase {
  /** The name with the names of its suites: `"pool > waits"`. */
  readonly name: string;
  /** The outcome. */
  readonly outcome: "passed" | "failed" | "skipped";
  /** The error; otherwise empty. */
  readonly message: string;
}

const NODE = /<!--[^]*?-->|<!\[CDATA\[([^]*?)\]\]>|<(\/?)([\w:-]+)((?:\s+[\w:-]+="[^"]*")*)\s*(\/?)>|[^<]+/g;
const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function unescape(text: string): string {
  return text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, name) => {
    if (name !== undefined) return NAMED[name] ?? all;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : parseInt(hex, 16));
  });
}

function attribute(attributes: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(attributes)?.[1];
  return value === undefined ? undefined : unescape(value);
}

/**
 * Deno lists a test with steps beside its steps. Only the steps are counted, as the other two do, unless it failed
 * by itself (in a hook).
 */
function withoutParents(cases: readonly TestCase[]): TestCase[] {
  return cases.filter(({ name, outcome }) => {
    const children = cases.filter((other) => other.name.startsWith(`${name} > `));
    if (children.length === 0) return true;
    return outcome === "failed" && !children.some((child) => child.outcome === "failed");
  });
}

/**
 * Reads a report.
 *
 * @param runtime who wrote it: Deno's and Bun's outermost suites are files, and Deno's names are complete
 * @returns the cases, or `undefined` when the report is incomplete, as its writer died
 */
export function readJunit(xml: string, runtime: string): TestCase[] | undefined {
  if (!/<\/testsuites>\s*$/.test(xml)) return undefined;
  const cases: TestCase[] = [];
  const suites: string[] = [];
  let current: { name: string; outcome: TestCase["outcome"]; message: string } | undefined;
  let inFailure = false;
  for (const [all, cdata, closing, tag, attributes = "", empty] of xml.matchAll(NODE)) {
    if (tag === undefined) {
      if (inFailure && current !== undefined && !all.startsWith("<!--")) {
        current.message += cdata ?? unescape(all);
      }
    } else if (tag === "testsuite") {
      if (closing) suites.pop();
      else if (!empty) suites.push(attribute(attributes, "name") ?? "");
    } else if (tag === "testcase" && !closing) {
      const around = runtime === "deno" ? [] : runtime === "bun" ? suites.slice(1) : suites;
      const name = [...around, attribute(attributes, "name") ?? ""].join(" > ");
      current = { name, outcome: "passed", message: "" };
      if (empty) cases.push(current);
    } else if (tag === "testcase") {
      if (current !== undefined) cases.push(current);
      current = undefined;
    } else if ((tag === "failure" || tag === "error") && current !== undefined) {
      inFailure = !closing && !empty;
      if (!closing) current.outcome = "failed";
      if (empty) current.message = attribute(attributes, "message") ?? "";
    } else if (tag === "skipped" && !closing && current !== undefined) {
      current.outcome = "skipped";
    }
  }
  return runtime === "deno" ? withoutParents(cases) : cases;
}
