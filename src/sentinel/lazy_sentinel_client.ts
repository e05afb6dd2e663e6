/**
 * The client of sentinels, loaded when they are first queried: a `Redis` takes URLs of sentinels, and few programs use
 * them.
 *
 * @module
 */
import type { ServerAddress } from "../topology/server_address.ts";
import type { SentinelClient, SentinelClientSettings } from "./sentinel_client.ts";

/** The client of the sentinels of one `Sentinel`. */
export class LazySentinelClient {
  readonly #settings: SentinelClientSettings;
  #client: SentinelClient | undefined = undefined;
  #loading: Promise<SentinelClient> | undefined = undefined;
  #keepsProcess = true;

  /** Loads nothing yet. */
  constructor(settings: SentinelClientSettings) {
    this.#settings = settings;
  }

  /** The sentinels that are known now. */
  get addresses(): readonly ServerAddress[] {
    return this.#client?.addresses ?? this.#settings.seeds;
  }

  /** Sets whether the connections to sentinels keep the process alive. */
  keepProcess(alive: boolean): void {
    this.#keepsProcess = alive;
    this.#client?.keepProcess(alive);
  }

  /** Loads the client, once. */
  load(): Promise<SentinelClient> {
    return this.#loading ??= this.#load();
  }

  async #load(): Promise<SentinelClient> {
    try {
      const { SentinelClient } = await import("./lazy_modules.ts");
      const client = this.#client = new SentinelClient(this.#settings);
      if (!this.#keepsProcess) client.keepProcess(false);
      return client;
    } catch (error) {
      // The next caller tries again.
      this.#loading = undefined;
      throw error;
    }
  }
}
