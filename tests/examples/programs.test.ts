/** The examples that are programs, run as such. @module */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Redis } from "../../mod.ts";
import { olderThan } from "../harness/binaries.ts";
import { type Server, startServer } from "../harness/server.ts";

const RUN = "Deno" in globalThis ? ["run", "-A", "--quiet"] : [];
const skip = process.platform === "win32" ? "signals" : false;

/** A program with its output. */
class Program implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  output = "";
  readonly #waiting: Set<() => void> = new Set();

  constructor(name: string, args: readonly string[], env: Record<string, string>) {
    const path = fileURLToPath(new URL(`../../examples/${name}.ts`, import.meta.url));
    this.child = spawn(process.execPath, [...RUN, path, ...args], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ...env },
    });
    this.ended = new Promise((resolve) => this.child.once("close", (code) => resolve(code)));
    void this.ended.then(() => this.#look());
    this.child.stdout!.on("data", (chunk: Uint8Array) => {
      this.output += new TextDecoder().decode(chunk);
      this.#look();
    });
  }

  /** Resolves with the match when the output has it. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      if (this.child.exitCode !== null) throw new Error(`It ended without ${pattern}:\n${this.output}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  say(line: string): void {
    this.child.stdin!.write(`${line}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null) this.child.kill("SIGKILL");
    await this.ended;
  }

  #look(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

describe("the program", { skip, concurrency: true }, () => {
  let server: Server;
  before(async () => server = await startServer());
  after(() => server.stop());

  it("web_app: sessions, a rate limit, a cached page, SIGTERM", async () => {
    await using program = new Program("web_app", [], { REDIS_URL: server.url, PORT: "0" });
    const [, port] = await program.prints(/listening on (\d+)/);
    const visit = async (cookie = "") => {
      const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { cookie, connection: "close" } });
      return {
        status: response.status,
        text: await response.text(),
        set: response.headers.get("set-cookie"),
      };
    };
    const first = await visit();
    assert.match(first.text, /^visit 1\nnews of/);
    const again = await visit(first.set!.split(";")[0]);
    assert.match(again.text, /^visit 2\n/);
    assert.equal(again.text.split("\n")[1], first.text.split("\n")[1]);
    // Deno does not know the address of each visitor: there may be two names with five visits each.
    const rest = await Promise.all(Array.from({ length: 9 }, () => visit()));
    assert.ok(rest.some(({ status }) => status === 429));
    // Not child.kill(): Deno then reports the signal as the end, whatever the child does.
    process.kill(program.child.pid!, "SIGTERM");
    assert.equal(await program.ended, 0);
    assert.match(program.output, /closed\n$/);
  });

  it("stream_worker: poison messages go to a stream of their own, SIGTERM ends it in order", {
    skip: skip || olderThan("6.2.0", "XAUTOCLAIM"),
  }, async () => {
    await using redis = new Redis(server.url);
    await redis.xadd("mails", "*", { to: "ann@example.org" });
    await redis.xadd("mails", "*", { subject: "nobody" });
    await using program = new Program("stream_worker", [], { REDIS_URL: server.url });
    await program.prints(/sent to ann@example.org/);
    await program.prints(/failed \(dead\)/);
    assert.equal(program.output.match(/failed \(retry\)/g)?.length, 1);
    await redis.xadd("mails", "*", { to: "bob@example.org" });
    await program.prints(/sent to bob@example.org/);
    process.kill(program.child.pid!, "SIGTERM");
    assert.equal(await program.ended, 0);
    assert.match(program.output, /closed\n$/);
    assert.equal(await redis.xlen("mails:dead"), 1);
    assert.equal((await redis.xpending("mails", "mailers")).count, 0);
  });

  it("chat: survives kill -9 of the server and of itself", async () => {
    await using own = await startServer({ config: ["appendonly yes", "appendfsync always"] });
    const env = { REDIS_URL: own.url };
    await using ann = new Program("chat", ["garden", "ann"], env);
    await using bob = new Program("chat", ["garden", "bob"], env);
    ann.say("hello");
    await Promise.all([ann.prints(/ann: hello\n/), bob.prints(/ann: hello\n/)]);
    await own.kill("SIGKILL");
    await bob.prints(/the server is away/);
    await own.restart();
    ann.say("back again");
    await bob.prints(/ann: back again\n/);
    bob.child.kill("SIGKILL");
    await bob.ended;
    ann.say("while bob was away");
    await ann.prints(/ann: while bob was away\n/);
    await using returned = new Program("chat", ["garden", "bob"], env);
    await returned.prints(/ann: hello\nann: back again\nann: while bob was away\n/);
    ann.child.stdin!.end();
    assert.equal(await ann.ended, 0);
  });
});
