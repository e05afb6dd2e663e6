/**
 * A client under measurement, behind the same few calls.
 *
 * @module
 */

/** The addresses of the servers. */
export interface Place {
  /** The host of all of them. */
  readonly host: string;
  /** The port for plain TCP. */
  readonly port: number;
  /** The port for TLS. */
  readonly tlsPort: number;
  /** The certificate of the authority, in PEM. */
  readonly ca: string;
  /** A node of a cluster; 0: there is none. */
  readonly clusterPort: number;
}

/** The kinds of contenders: one connection, TLS, a pool without multiplexing, a cluster. */
export type Kind = "plain" | "tls" | "pool" | "cluster";

/** Connections of a pool. */
export const POOL_SIZE = 10;

/** A measured client. Unsupported operations are absent and not measured. */
export interface Contender {
  /** The name in the tables. */
  readonly name: string;
  /** The workloads that it can do, by their ids; without it: all for which it has the call. */
  readonly only?: RegExp;
  /** GET of one key. */
  get(key: string): Promise<unknown>;
  /** SET of one key. */
  set(key: string, value: string): Promise<unknown>;
  /** INCR of one key. */
  incr(key: string): Promise<unknown>;
  /** LRANGE of a whole list. */
  lrange(key: string): Promise<unknown>;
  /** HGETALL, as an object. */
  hgetall(key: string): Promise<unknown>;
  /** MGET. */
  mget(keys: readonly string[]): Promise<unknown>;
  /** ZRANGE of a whole sorted set, with scores as numbers. */
  zrange(key: string): Promise<unknown>;
  /** GET as bytes. */
  getBytes?(key: string): Promise<unknown>;
  /** An explicit pipeline of that many GETs. */
  pipeline?(key: string, count: number): Promise<unknown>;
  /** Publishes that many messages and resolves when its subscriber has got all of them. */
  messages?(count: number): Promise<unknown>;
  /** Opens a connection, waits for a PING, closes it. */
  connectOnce?(): Promise<unknown>;
  /** Ends it. */
  close(): Promise<unknown>;
}

/** Opens a contender of a kind; undefined where it has no such thing. */
export type Open = (kind: Kind, place: Place) => Promise<Contender | undefined>;

/** Resolves when `got` has been called `count` times after `publish`. */
export class Delivery {
  #left = 0;
  #done: () => void = () => {};

  /** A message came. */
  readonly got = (): void => {
    if (--this.#left === 0) this.#done();
  };

  /** Publishes and waits. */
  async run(count: number, publish: () => Promise<unknown>): Promise<void> {
    this.#left = count;
    const all = new Promise<void>((resolve) => this.#done = resolve);
    const sent = new Array<Promise<unknown>>(count);
    for (let index = 0; index < count; index++) sent[index] = publish();
    await Promise.all(sent);
    await all;
  }
}
