import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { absoluteLinks } from "../../scripts/package/readme.ts";
import { dateChangelog, setVersion } from "../../scripts/releasing/texts.ts";

const HOME = "https://github.com/keywire/redis";

describe("the README of the package", () => {
  it("has absolute links and images, and leaves others alone", () => {
    const text =
      "See [the guide](docs/a.md#part), ![chart](./bench/x.svg), [site](https://x.test), [here](#top)\n" +
      '<img src="bench/dark.svg"> <a href="LICENSE">';
    assert.equal(
      absoluteLinks(text, HOME, "1.2.3"),
      `See [the guide](${HOME}/blob/v1.2.3/docs/a.md#part), ` +
        "![chart](https://raw.githubusercontent.com/keywire/redis/v1.2.3/bench/x.svg), " +
        "[site](https://x.test), [here](#top)\n" +
        '<img src="https://raw.githubusercontent.com/keywire/redis/v1.2.3/bench/dark.svg"> ' +
        `<a href="${HOME}/blob/v1.2.3/LICENSE">`,
    );
  });
});

describe("a release", () => {
  it("dates what is unreleased, and leaves an empty section for what comes", () => {
    const text = "# Changelog\n\n## Unreleased\n\n- One.\n\n## 0.1.0 - 2026-01-01\n\n- Old.\n";
    assert.equal(
      dateChangelog(text, "0.2.0", "2026-02-03"),
      "# Changelog\n\n## Unreleased\n\n## 0.2.0 - 2026-02-03\n\n- One.\n\n## 0.1.0 - 2026-01-01\n\n- Old.\n",
    );
  });

  it("is refused without anything to release, or twice", () => {
    assert.throws(() => dateChangelog("## Unreleased\n\n## 0.1.0 - x\n\n- y\n", "0.2.0", "z"), /is empty/);
    assert.throws(() => dateChangelog("## Unreleased\n\n- a\n\n## 0.1.0 - x\n", "0.1.0", "z"), /already/);
    assert.throws(() => dateChangelog("# Changelog\n", "0.1.0", "z"), /no section/);
  });

  it("writes the version where it stands, and fails where it does not", () => {
    assert.equal(setVersion('{ "version": "0.1.0" }', "0.2.0"), '{ "version": "0.2.0" }');
    assert.equal(setVersion('const LIB_VERSION = "0.1.0-rc.1";', "1.0.0"), 'const LIB_VERSION = "1.0.0";');
    assert.throws(() => setVersion("{}", "0.2.0"), /names the version/);
  });
});
