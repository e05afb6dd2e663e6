/**
 * Executes command values over one connection: a socket, the library's own encoder and decoder, nothing between.
 *
 * @module
 */
import { connect, type Socket } from "node:net";
import { type Command, CommandFlag } from "../../src/commands/command.ts";
import { packCommand } from "../../src/resp/pack.ts";
import { Decoder } from "../../src/resp/decoder.ts";
import { type Arg, DecodeMode, type Reply } from "../../src/resp/types.ts";

/** The interface through which the suites execute commands. */
export interface Executor {
  /** Executes a command; resolves with the reply as its parser made it. */
  execute<T>(command: Command<T, unknown>): Promise<T>;
  /** Ends the connection. */
  close(): void;
}

/** The protocol and the reply type of an executor. */
export interface Speech {
  /** The version of RESP. */
  readonly protocol: 2 | 3;
  /** Bulk strings as bytes. */
  readonly bytes: boolean;
}

interface Pending {
  readonly mode: number;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/** An executor over a socket of its own. */
export class SocketExecutor implements Executor {
  readonly #socket: Socket;
  readonly #bytes: boolean;
  readonly #pending: Pending[] = [];

  private constructor(socket: Socket, bytes: boolean) {
    this.#socket = socket;
    this.#bytes = bytes;
    const decoder = new Decoder({
      begin: () => this.#pending[0]!.mode,
      reply: (reply) => this.#pending.shift()!.resolve(reply),
      error: (error) => this.#pending.shift()!.reject(error),
      push: () => {},
    });
    socket.on("data", (chunk: Uint8Array) => decoder.write(chunk));
    socket.on("close", () => this.#end(new Error("The server closed the connection")));
    socket.on("error", (error: Error) => this.#end(error));
  }

  #end(error: Error): void {
    for (const { reject } of this.#pending.splice(0)) reject(error);
  }

  /** Connects and switches the protocol. */
  static async open(port: number, speech: Speech): Promise<SocketExecutor> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", () => resolve());
      socket.once("error", reject);
    });
    const made = new SocketExecutor(socket, speech.bytes);
    await made.#send(["HELLO", speech.protocol], 0);
    return made;
  }

  #send(words: readonly Arg[], mode: number): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const bytes = packCommand(words);
      this.#pending.push({ mode, resolve, reject });
      this.#socket.write(bytes);
    });
  }

  async execute<T>(command: Command<T, unknown>): Promise<T> {
    const { spec, args, parse } = command;
    const bytes = this.#bytes || (spec.flags & CommandFlag.binary) !== 0;
    const reply = await this.#send(
      [...spec.name.split(" "), ...args],
      bytes ? DecodeMode.bytes : DecodeMode.text,
    );
    return (parse ? parse(reply, this.#bytes) : reply) as T;
  }

  close(): void {
    this.#socket.destroy();
  }
}
