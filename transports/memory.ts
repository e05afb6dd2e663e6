/**
 * A transport inside one process: a socket for the client, and a {@linkcode MemoryPeer} for the test. It uses no
 * network and no real time, and the order of events is always the same.
 *
 * It checks the use of buffers. A chunk is overwritten with `0xEE` when `data` returns, so code that keeps it fails. If
 * `write` returned a promise, the buffer is read in pieces until the promise resolves, so code that changes it too
 * early sends wrong data.
 *
 * @example A peer that answers every command with +OK
 * ```ts
 * import { memoryTransport } from "@keywire/redis/transports/memory";
 *
 * const transport = memoryTransport((peer) => {
 *   peer.ondata = () => peer.write("+OK\r\n");
 * });
 * const replied = Promise.withResolvers<string>();
 * const socket = await transport.connect({ host: "test", port: 6379 }, {}, {
 *   data: (chunk) => replied.resolve(new TextDecoder().decode(chunk)),
 *   close: (error) => replied.reject(error),
 * });
 * socket.write(new TextEncoder().encode("PING\r\n"));
 * console.log(await replied.promise); // "+OK\r\n"
 * await socket.close();
 * ```
 *
 * @module
 */
import type { Endpoint, SocketOptions, Transport } from "../src/transport.ts";
import { ConnectionError, RedisError, TimeoutError } from "../src/errors.ts";
import { MemoryLink, type MemoryPeer } from "./memory_link.ts";

export type { MemoryDirection, MemoryPeer } from "./memory_link.ts";
export type * from "../src/transport.ts";

/** The timers that a memory transport needs; a `Clock` of Keywire is one. */
export interface MemoryClock {
  /** Calls `callback` once, after `delay` milliseconds. */
  setTimeout(callback: () => void, delay: number): unknown;
  /** Takes a timer back. */
  clearTimeout(timer: unknown): void;
}

/** The options of a memory transport. */
export interface MemoryTransportOptions {
  /** Timers for `connectDelay` and for `connectTimeout`. Default: the runtime's. */
  readonly clock?: MemoryClock;
  /** Milliseconds before a connect reaches the peer. Default 0: the next microtask. */
  readonly connectDelay?: number;
  /** Bytes that the client can write ahead of the peer's reading before `write` returns a promise. Default 65,536. */
  readonly highWaterMark?: number;
  /** The most bytes in one chunk, in each direction; 1 cuts at every byte. Default: the socket's `readBufferSize`, or 65,536. */
  readonly chunkSize?: number;
  /**
   * `"microtask"` (default): one chunk in each direction each microtask. `"manual"`: nothing moves before
   * {@linkcode MemoryPeer.deliver} is called.
   */
  readonly delivery?: "microtask" | "manual";
}

/** Called for each connect. A throw or rejection refuses it; a promise delays it until it resolves. */
export type MemoryAcceptor = (peer: MemoryPeer, endpoint: Endpoint) => void | Promise<void>;

const runtimeClock: MemoryClock = {
  setTimeout: (callback, delay) => setTimeout(callback, delay),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

function nameOf(endpoint: Endpoint): string {
  if ("path" in endpoint) return endpoint.path;
  return endpoint.host.includes(":")
    ? `[${endpoint.host}]:${endpoint.port}`
    : `${endpoint.host}:${endpoint.port}`;
}

function refusal(endpoint: Endpoint, cause: unknown): Error {
  if (cause instanceof RedisError && cause.executed === "no") return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ConnectionError(`Cannot connect to ${nameOf(endpoint)}: the memory peer refused it: ${why}`, {
    code: "CONNECT",
    executed: "no",
    cause,
  });
}

/**
 * Makes a transport whose connections end in `onConnect`, one {@linkcode MemoryPeer} each.
 *
 * `signal`, `connectTimeout` and `readBufferSize` are honoured; `noDelay` and `keepAlive` have no meaning here.
 *
 * @throws {RangeError} for a `highWaterMark` or `chunkSize` that is not a positive integer.
 *
 * @example A server that refuses its second connection
 * ```ts
 * import { memoryTransport } from "@keywire/redis/transports/memory";
 *
 * let connections = 0;
 * const transport = memoryTransport(() => {
 *   if (++connections === 2) throw new Error("no more");
 * });
 * const handlers = { data() {}, close() {} };
 * await transport.connect({ path: "/test" }, {}, handlers);
 * await transport.connect({ path: "/test" }, {}, handlers).catch((error) => console.log(error.code)); // "CONNECT"
 * ```
 */
export function memoryTransport(onConnect: MemoryAcceptor, options: MemoryTransportOptions = {}): Transport {
  const { clock = runtimeClock, connectDelay = 0, highWaterMark = 65_536, chunkSize, delivery } = options;
  for (const [name, value] of Object.entries({ highWaterMark, chunkSize })) {
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      throw new RangeError(
        `Cannot make a memory transport: ${name} must be a positive integer, got ${value}`,
      );
    }
  }
  return {
    name: "memory",
    connect(endpoint, socketOptions: SocketOptions, handlers) {
      return new Promise((resolve, reject) => {
        const { signal, connectTimeout = 0, readBufferSize } = socketOptions;
        if (signal?.aborted) return reject(signal.reason);
        const link = new MemoryLink(endpoint, handlers, {
          highWaterMark,
          chunkSize: chunkSize ?? readBufferSize ?? 65_536,
          manual: delivery === "manual",
        });
        let settled = false;
        let reached = false;
        let delay: unknown;
        let limit: unknown;
        const settle = (): void => {
          settled = true;
          signal?.removeEventListener("abort", onAbort);
          clock.clearTimeout(delay);
          clock.clearTimeout(limit);
        };
        const fail = (error: unknown): void => {
          if (settled) return;
          settle();
          if (reached) link.abandon();
          reject(error);
        };
        const onAbort = (): void => fail(signal?.reason);
        const open = (): void => {
          if (settled) return;
          if (link.refused !== undefined) return fail(refusal(endpoint, link.refused));
          settle();
          resolve(link.socket);
          link.open();
        };
        const reach = (): void => {
          if (settled) return;
          reached = true;
          try {
            const accepted = onConnect(link.peer, endpoint);
            if (accepted === undefined) open();
            else accepted.then(open, (cause) => fail(refusal(endpoint, cause)));
          } catch (cause) {
            fail(refusal(endpoint, cause));
          }
        };
        signal?.addEventListener("abort", onAbort);
        if (connectTimeout > 0) {
          limit = clock.setTimeout(() => {
            fail(
              new TimeoutError(
                `Cannot connect to ${nameOf(endpoint)}: no connection in ${connectTimeout} ms`,
                {
                  code: "CONNECT_TIMEOUT",
                  executed: "no",
                },
              ),
            );
          }, connectTimeout);
        }
        if (connectDelay > 0) delay = clock.setTimeout(reach, connectDelay);
        else queueMicrotask(reach);
      });
    },
  };
}
