/**
 * One sentinel, with a connection that is opened on demand.
 *
 * @module
 */
import type { Connection } from "../connection/connection.ts";
import type { Reply } from "../resp/types.ts";
import { formatAddress, type ServerAddress } from "../topology/format_address.ts";

/** Makes a connection to a sentinel, not yet connected. */
export type ConnectSentinel = (address: ServerAddress) => Connection;

/** A sentinel to query. */
export class SentinelConnection {
  /** The address. */
  readonly address: ServerAddress;
  /** The address as text. */
  readonly name: string;
  /** Whether another sentinel named it. Given sentinels are never removed. */
  readonly learned: boolean;
  /** Its identity, once known. */
  id: string | undefined;
  readonly #connect: ConnectSentinel;
  #connection: Promise<Connection> | undefined = undefined;
  #opened: Connection | undefined = undefined;
  #keepsProcess = true;

  /** Uses an address; `id` if another sentinel named it. */
  constructor(address: ServerAddress, connect: ConnectSentinel, learned: boolean, id?: string) {
    this.address = address;
    this.name = formatAddress(address);
    this.#connect = connect;
    this.learned = learned;
    this.id = id;
  }

  /** Whether there is a connection, or one is being opened. */
  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /** Sends commands and resolves with their replies, error replies included. Rejects without a connection. */
  async ask(commands: readonly (readonly string[])[]): Promise<(Reply | Error)[]> {
    const connection = await (this.#connection ??= this.#open());
    const replies = await Promise.all(
      commands.map((words) => connection.send(words).catch((error: Error) => error)),
    );
    // Without a single reply there was no conversation.
    if (connection.state !== "ready" && replies[0] instanceof Error) throw replies[0];
    return replies;
  }

  /** Sets whether its connection keeps the process alive. */
  keepProcess(alive: boolean): void {
    this.#keepsProcess = alive;
    if (alive) this.#opened?.ref();
    else this.#opened?.unref();
  }

  /** Creates a dedicated connection for listening. */
  make(): Connection {
    return this.#connect(this.address);
  }

  /** Closes the connection; the next question opens another. */
  async close(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined);
    connection?.disconnect();
  }

  async #open(): Promise<Connection> {
    const connection = this.#opened = this.#connect(this.address);
    if (!this.#keepsProcess) connection.unref();
    connection.listen({ closed: () => this.#connection = undefined });
    try {
      await connection.connect({ retry: false });
    } catch (error) {
      this.#connection = undefined;
      throw error;
    }
    return connection;
  }
}
