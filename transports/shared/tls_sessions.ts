/**
 * TLS sessions: a later connection to the same server resumes one and needs no full handshake.
 *
 * A resumed handshake does not verify the certificate again. So a session is used with the same options only, including the
 * content of their files, and for an hour at most.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { TcpEndpoint, TlsOptions } from "../../src/transport.ts";
import { TLS_NAMES } from "./check_options.ts";

/** Milliseconds for which a verified certificate counts, also for sessions that resumed ones have led to. */
const MOST_AGE = 3_600_000;
/** The sessions of a server that are kept. A pool opens several connections at once. */
const MOST_SESSIONS = 8;
/** The servers, or sets of options, of which sessions are kept: those that were used last. */
const MOST_KEYS = 32;
/** The size up to which a session is kept, in bytes. It contains the certificate. */
const MOST_BYTES = 16_384;

/** A session that can be offered to a server. */
export interface TlsSession {
  /** The session, as the runtime has it. */
  readonly bytes: Uint8Array;
  /** The time until which the certificate counts as verified, in milliseconds since 1970. */
  readonly until: number;
  /** Whether it is for one connection only (TLS 1.3), so that observers cannot tell that two have the same client. */
  readonly once: boolean;
  /** Whether the handshake in which one was last offered has failed. */
  readonly suspect?: boolean;
}

/** The content of what {@linkcode TlsOptions} name: texts of files, and the bytes of a container. */
export interface TlsMaterial {
  readonly ca?: readonly string[] | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly pfx?: Uint8Array | undefined;
}

/** The part of a socket that sessions need, of `node:tls` and of Bun. */
export interface ResumableSocket {
  isSessionReused?(): boolean;
  getPeerX509Certificate?(): { readonly validTo: string } | undefined;
}

/** The sessions of one key; a server that cannot resume them has none. */
type Kept = TlsSession[] | { readonly refusedUntil: number };

/** Bounded sessions by key. */
export class TlsSessionCache {
  readonly #kept = new Map<string, Kept>();
  /** The servers that may not be able to resume sessions: the last handshake with one failed, and the one without did not. */
  readonly #suspects = new Set<string>();
  readonly #now: () => number;

  /** Makes an empty cache. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The number of sessions. */
  get size(): number {
    return [...this.#kept.values()].reduce((sum, kept) => sum + (Array.isArray(kept) ? kept.length : 0), 0);
  }

  /** Returns the latest session. One of TLS 1.3 is returned once. */
  take(key: string): TlsSession | undefined {
    const kept = this.#kept.get(key);
    if (!Array.isArray(kept)) return undefined;
    const valid = kept.filter(({ until }) => until > this.#now());
    const last = valid.at(-1);
    if (last?.once) valid.pop();
    this.#set(key, valid);
    return last && { ...last, suspect: this.#suspects.has(key) };
  }

  /** Keeps a session of a verified connection, or one that was taken and not offered. */
  keep(key: string, session: TlsSession): void {
    const kept = this.#kept.get(key) ?? [];
    if (!Array.isArray(kept) && kept.refusedUntil > this.#now()) return;
    if (session.until <= this.#now() || session.bytes.length > MOST_BYTES) return;
    const others = Array.isArray(kept) ? kept.filter(({ once }) => once && session.once) : [];
    this.#set(key, [...others, session].slice(-MOST_SESSIONS));
  }

  /** Forgets the sessions of a server that has ended a handshake in which one was offered. */
  forget(key: string): void {
    this.#kept.delete(key);
  }

  /** A handshake in which this session was offered succeeded. */
  accept(key: string): void {
    this.#suspects.delete(key);
  }

  /**
   * A handshake failed in which this session was offered, and one without succeeded. The link may have been cut, also that of
   * several handshakes at once. If it happens again in a later one, no sessions of the server are kept for an hour.
   */
  refuse(key: string, { suspect }: TlsSession): void {
    this.#suspects.delete(key);
    if (suspect) return this.#set(key, { refusedUntil: this.#now() + MOST_AGE });
    this.#suspects.add(key);
    if (this.#suspects.size > MOST_KEYS) this.#suspects.delete(this.#suspects.keys().next().value!);
  }

  /** Returns the time until which a session of this socket can be used; `offered` is that of the session that it offered. */
  validity(socket: ResumableSocket, offered: number | undefined): number {
    if (offered !== undefined && (socket.isSessionReused?.() ?? true)) return offered;
    const end = Date.parse(socket.getPeerX509Certificate?.()?.validTo ?? "");
    return Math.min(this.#now() + MOST_AGE, Number.isNaN(end) ? Infinity : end);
  }

  #set(key: string, kept: Kept): void {
    this.#kept.delete(key);
    if (Array.isArray(kept) && kept.length === 0) return;
    this.#kept.set(key, kept);
    if (this.#kept.size > MOST_KEYS) this.#kept.delete(this.#kept.keys().next().value!);
  }
}

/** The sessions of this process. */
export const tlsSessions = new TlsSessionCache();

/**
 * Returns the key of sessions: a digest of the address and of all options, with the content of files. `undefined` if sessions
 * must not be resumed, because the options say so, or because Node would skip the user's check of the certificate.
 */
export function sessionKey(
  api: "node" | "bun",
  { host, port }: TcpEndpoint,
  tls: TlsOptions,
  material: TlsMaterial,
): string | undefined {
  if (tls.sessionResumption === false || tls.checkServerIdentity !== undefined) return undefined;
  const parts: unknown[] = [api, host, port];
  // By name: secrets may not be enumerable. New options are included.
  for (const name of TLS_NAMES) {
    const value = name in material ? material[name as keyof TlsMaterial] : tls[name];
    parts.push(name, value instanceof Uint8Array ? createHash("sha256").update(value).digest("hex") : value);
  }
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64");
}
