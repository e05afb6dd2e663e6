/**
 * A terminal that keeps what is written, and the runtime's listener and transport.
 *
 * @module
 */
import type { CliContext } from "../../src/cli/command.ts";
import { processInspector } from "../../transports/inspector.ts";
import { importLua } from "../../transports/lua.ts";
import { listen } from "../../transports/listen.ts";
import { runtimeTransport } from "../../transports/runtime.ts";

/** A run of the command line, in this process. */
export class FakeTerminal {
  /** The context of the commands. */
  readonly context: CliContext;
  /** The text that commands wrote to the standard output. */
  output = "";
  /** The text that commands wrote to the standard error. */
  errors = "";
  readonly #controller = new AbortController();
  readonly #waiting = new Set<() => void>();

  /** A terminal of a process with these arguments. */
  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}, columns?: number) {
    this.context = {
      terminal: {
        args,
        env,
        columns,
        write: (text) => {
          this.output += text;
          for (const look of this.#waiting) look();
        },
        writeError: (text) => void (this.errors += text),
        interrupted: () => this.#controller.signal,
      },
      transport: runtimeTransport,
      inspector: processInspector,
      listener: (address, accept) => listen(address, accept),
      importLua,
    };
  }

  /** Resolves with the match when the standard output has it. */
  seen(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = pattern.exec(this.output);
        if (found === null) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Does what SIGINT does. */
  interrupt(): void {
    this.#controller.abort();
  }
}
