/**
 * The commands that a connection sends by itself: PING when it is idle, AUTH when its credentials change.
 *
 * @module
 */
import { runSoon } from "../clock.ts";
import { AuthenticationError, ConnectionError, ReplyError, TimeoutError } from "../errors.ts";
import { type Credentials, isStreaming, type ResolvedConnectionOptions } from "../options.ts";
import { type Arg, DecodeMode } from "../resp/types.ts";
import { credentials as authWords } from "./handshake.ts";
import type { Link } from "./link.ts";
import { type HealthCheckOwner, HealthCheckTimer } from "./health_check_timer.ts";
import { type BatchSink, Pending, rawCommand } from "./pending.ts";
import { PeerProbe, type ProbeConnection } from "./peer_probe.ts";
import type { SessionState } from "./session.ts";

/** Milliseconds for a reply if the options set no limit. */
const LONGEST = 5_000;

/** The minimum limit for a PING, in milliseconds, unless the limit of commands is shorter. */
const SHORTEST = 1_000;

const PROBE = 0;
const AUTH = 1;

/** The credentials of a connection without any. */
export const NO_CREDENTIALS: Partial<Credentials> = Object.freeze({});

/** The connection, as maintenance uses it. */
export interface MaintenanceOwner {
  readonly options: ResolvedConnectionOptions;
  readonly address: string;
  readonly session: SessionState;
  /** Returns the link of a ready connection. */
  ready(): Link | undefined;
  /** Returns the connection's id at the server, if it is known. */
  id(): number | undefined;
  /** Makes a further connection to the same server. */
  another(): ProbeConnection;
  /** Closes the connection after the replies that are due. */
  retire(cause: Error): void;
  /** Ends the connection. */
  dead(cause: Error): void;
  /** Whether the connection keeps the process alive. */
  keepsProcess(): boolean;
  /** Reports that the connection may be dead, while nothing was sent over it; returns whether it is replaced. */
  maybeDead(cause: Error): boolean;
}

/** Checks the health of a connection and renews its credentials, between the commands of its users. */
export class ConnectionMaintenance implements BatchSink, HealthCheckOwner {
  /** The time by which the timer of the health check must have fired. */
  readonly wakeBy: { at: number } = { at: Infinity };
  /** The number of its own commands that wait for a reply. */
  due = 0;
  /** The time of the last PING. */
  #probedAt = 0;
  readonly #owner: MaintenanceOwner;
  readonly #healthCheck: HealthCheckTimer;
  /** The credentials in use. */
  #current: Partial<Credentials> = NO_CREDENTIALS;
  /** The credentials to use next. */
  #renewal: Credentials | undefined = undefined;
  #subscribed = false;
  #unsubscribe: (() => void) | undefined = undefined;
  #peerProbe: PeerProbe | undefined = undefined;
  #suspecting = false;

  /** Maintains one connection. */
  constructor(owner: MaintenanceOwner) {
    this.#owner = owner;
    const { clock, healthCheckInterval } = owner.options;
    this.#healthCheck = new HealthCheckTimer(clock, healthCheckInterval, this);
  }

  /** @inheritdoc */
  get idleSince(): number {
    return this.#owner.ready()?.silentSince ?? 0;
  }

  /** @inheritdoc */
  scheduled(wakeBy: number): void {
    this.wakeBy.at = wakeBy;
  }

  /** Returns the current credentials. The first call that succeeds subscribes to a streaming provider. */
  async credentials(): Promise<Partial<Credentials>> {
    const { credentials } = this.#owner.options;
    if (credentials === undefined) return NO_CREDENTIALS;
    let given: Credentials;
    try {
      if (isStreaming(credentials) && !this.#subscribed) {
        this.#unsubscribe = credentials.subscribe((renewed) => {
          this.#renewal = checked(renewed);
          this.quiet();
        });
        this.#subscribed = true;
      }
      given = await (isStreaming(credentials) ? credentials.get() : credentials());
    } catch (cause) {
      // The failure may be temporary. The message of its error may contain a secret.
      const message = `Cannot connect to ${this.#owner.address}: \`credentials\` failed; \`cause\` says why`;
      throw new ConnectionError(message, { code: "CREDENTIALS", executed: "no", cause });
    }
    return checked(given);
  }

  /** Starts when the connection is ready; `current` are the credentials in use. */
  start(current: Partial<Credentials>): void {
    this.#current = current;
    this.checkHealth(this.#owner.keepsProcess());
    this.quiet();
  }

  /** Starts or stops the health checks: their timer would keep the process alive. */
  checkHealth(on: boolean): void {
    this.#healthCheck.stop();
    if (on) this.#healthCheck.start();
  }

  /** Stops when the connection has ended. */
  stop(): void {
    this.#healthCheck.stop();
    this.wakeBy.at = Infinity;
    const unsubscribe = this.#unsubscribe;
    this.#unsubscribe = undefined;
    try {
      unsubscribe?.();
    } catch {
      // The connection must end even if the provider throws.
    }
  }

  /** Uses new credentials, if there are any and no command prevents it. */
  quiet(): void {
    const renewal = this.#renewal;
    if (renewal === undefined) return;
    const link = this.#owner.ready();
    if (link === undefined || this.#owner.session.inTransaction) return;
    const { dispatcher } = link;
    // Under RESP2 a subscribed connection accepts no AUTH; behind a blocking command it would have to wait.
    if (dispatcher.receivesMessages || link.blocks) return;
    this.#renewal = undefined;
    const { username, password } = this.#current;
    if (renewal.username === username && renewal.password === password) return;
    this.#current = renewal;
    this.#send(link, authWords(renewal)[0]!, AUTH);
  }

  /** Checks over another connection whether this one is dead, as the server has been silent for long. */
  async suspect(mayBlock: boolean): Promise<void> {
    const link = this.#owner.ready();
    if (link === undefined || this.#suspecting) return;
    const { clock } = this.#owner.options;
    const asked = clock.now();
    this.#suspecting = true;
    this.#peerProbe ??= new PeerProbe(() => this.#owner.another(), clock);
    const dead = await this.#peerProbe.isDead(this.#owner.id(), mayBlock);
    this.#suspecting = false;
    if (!dead || this.#owner.ready() !== link || link.paused || link.silentSince > asked) return;
    const silence = Math.round(clock.now() - link.silentSince);
    const message =
      `${this.#owner.address} was silent for ${silence} ms; another connection shows that this one is dead`;
    this.#owner.dead(new TimeoutError(message, { code: "SOCKET_TIMEOUT", executed: "unknown" }));
  }

  /**
   * Replaces the connection, or checks it, after the process was stopped for long: a server or a gateway between may have
   * dropped the connection without a word that arrived.
   */
  overslept(milliseconds: number): void {
    const link = this.#owner.ready();
    if (link === undefined || link.paused) return;
    if (link.pending > link.unsent) return void this.suspect(false);
    const seconds = Math.round(milliseconds / 1_000);
    const cause = new ConnectionError(`the process was stopped for ${seconds} s or more`, {
      code: "LOST",
      executed: "no",
    });
    if (!this.#owner.maybeDead(cause)) this.probe(SHORTEST);
  }

  /** Replaces the connection when the server replies NOAUTH, as one behind a proxy may: the next one logs in again. */
  forgotten(cause: ReplyError): void {
    const { options, session, address } = this.#owner;
    // The user may have sent RESET on purpose, and log in again; the pool replaces the connection later.
    if (options.credentials === undefined || session.tainted || this.#owner.ready() === undefined) return;
    const message = `Cannot go on with ${address}: the server has forgotten who is logged in (${cause.code})`;
    this.#owner.retire(new AuthenticationError(message, { code: "AUTHENTICATION", executed: "no", cause }));
  }

  /** @inheritdoc */
  resolved(): void {
    this.due--;
  }

  /** @inheritdoc */
  rejected(index: number, error: Error): void {
    this.due--;
    // A server that does not reply is dead, whatever the options of commands are.
    if (error instanceof TimeoutError && error.code === "COMMAND_TIMEOUT") {
      const link = this.#owner.ready();
      if (index === PROBE && (link === undefined || link.paused || link.receivedAt > this.#probedAt)) return;
      // The commands behind the PING fail because the server is silent, not because they expired.
      const { message } = error;
      const dead = new TimeoutError(message, { code: "SOCKET_TIMEOUT", executed: "unknown", cause: error });
      return runSoon(() => this.#owner.dead(dead));
    }
    if (index === AUTH && error instanceof ReplyError) {
      const message = `Cannot go on with ${this.#owner.address}: the server refused the new credentials`;
      const options = { code: "AUTHENTICATION", executed: "no", cause: error } as const;
      this.#owner.retire(new AuthenticationError(`${message} (${error.code})`, options));
    }
  }

  /** Sends a PING if the connection is idle, with a limit of at most `most` milliseconds. */
  probe(most: number = Infinity): void {
    const link = this.#owner.ready();
    // The watchdog observes replies that are due; inside MULTI a PING would become part of the transaction.
    // A paused link reads nothing, so its silence proves nothing.
    if (link === undefined || link.pending > 0 || link.paused) return;
    if (this.#owner.session.inTransaction) return;
    this.#probedAt = this.#owner.options.clock.now();
    this.#send(link, ["PING"], PROBE, most);
  }

  #send(link: Link, words: readonly Arg[], index: number, most = Infinity): void {
    const { commandTimeout, connectTimeout, healthCheckInterval } = this.#owner.options;
    const limit = commandTimeout || connectTimeout || LONGEST;
    // A short interval asks for a short limit, but a server that is busy for a moment is not dead.
    const timeout = index === PROBE ? Math.min(limit, Math.max(healthCheckInterval, SHORTEST)) : limit;
    this.due++;
    link.enqueue(new Pending(rawCommand(words), DecodeMode.text, Math.min(timeout, most), this, index));
  }
}

/** Returns the credentials of a provider after a check of their types. */
function checked(given: Credentials): Credentials {
  const { username, password } = (given ?? {}) as { username?: unknown; password?: unknown };
  if (typeof password === "string" && (username === undefined || typeof username === "string")) return given;
  throw new TypeError(
    "Cannot log in: `credentials` gave something else than { username, password } with text in both, or without username",
  );
}
