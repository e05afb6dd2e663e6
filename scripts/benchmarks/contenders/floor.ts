/**
 * The floor without a client: constant bytes over this library's socket, replies split by their length, a promise for
 * each command. It shows the limit of a JavaScript client on that socket.
 *
 * @module
 */
import { runtimeTransport } from "../../../transports/runtime.ts";
import type { Socket } from "../../../mod.ts";
import { VALUE } from "../values.ts";
import type { Contender, Kind, Place } from "./contender.ts";

/** The size of the first part of a tick, as in the library. */
const FIRST = 8_192;
const MOST = 65_536;
const encoder = new TextEncoder();

/** One kind of command, many times over, and how long a reply is. */
class Sameness {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly reply: number;
  readonly value: string;

  constructor(command: string, reply: string, value: string) {
    this.length = command.length;
    this.bytes = encoder.encode(command.repeat(Math.ceil(MOST / command.length)));
    this.reply = reply.length;
    this.value = value;
  }
}

const key = "$9\r\nbench:key\r\n";
const value = `$${VALUE.length}\r\n${VALUE}\r\n`;
const GET = new Sameness(`*2\r\n$3\r\nGET\r\n${key}`, value, VALUE);
const SET = new Sameness(`*3\r\n$3\r\nSET\r\n${key}${value}`, "+OK\r\n", "OK");

let captured: (value: string) => void;
const capture = (resolve: (value: string) => void): void => void (captured = resolve);
const SOON = Promise.resolve();

class Floor {
  #socket!: Socket;
  #kind = GET;
  #waiting: ((value: string) => void)[] = [];
  #settled = 0;
  #received = 0;
  #unsent = 0;
  #early = FIRST;
  #scheduled = false;

  async open(place: Place): Promise<void> {
    this.#socket = await runtimeTransport.connect({ host: place.host, port: place.port }, {}, {
      data: (chunk) => this.#data(chunk.length),
      close() {},
    });
  }

  send(kind: Sameness): Promise<unknown> {
    this.#kind = kind;
    if (!this.#scheduled) {
      this.#scheduled = true;
      SOON.then(this.#flush);
    }
    this.#unsent += kind.length;
    const promise = new Promise(capture);
    this.#waiting.push(captured);
    if (this.#unsent >= this.#early) {
      this.#early = Math.min(this.#early * 2, MOST - kind.length);
      this.#write();
    }
    return promise;
  }

  close(): Promise<void> {
    return this.#socket.close();
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    this.#early = FIRST;
    this.#write();
  };

  #write(): void {
    if (this.#unsent > 0) this.#socket.write(this.#kind.bytes.subarray(0, this.#unsent));
    this.#unsent = 0;
  }

  #data(length: number): void {
    const { reply, value } = this.#kind;
    for (this.#received += length; this.#received >= reply; this.#received -= reply) {
      this.#waiting[this.#settled++]!(value);
    }
    if (this.#settled < this.#waiting.length) return;
    this.#waiting = [];
    this.#settled = 0;
  }
}

/** Opens it. It can do plain GET and SET of one key only. */
export async function openFloor(kind: Kind, place: Place): Promise<Contender | undefined> {
  if (kind !== "plain") return undefined;
  const floor = new Floor();
  await floor.open(place);
  return {
    name: "no client",
    only: /^[gs]et-(1|64|1000|10000)$/,
    get: () => floor.send(GET),
    set: () => floor.send(SET),
    close: () => floor.close(),
  } as unknown as Contender;
}
