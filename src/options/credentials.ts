/**
 * The credentials of connections.
 *
 * @module
 */

/** A name and a password for AUTH. */
export interface Credentials {
  /** The ACL user. Default: the server's default user. */
  readonly username?: string;
  /** The password or token; empty for a user that has none. */
  readonly password: string;
}

/** A source of credentials that change while connections live, such as tokens that expire. */
export interface StreamingCredentialProvider {
  /** Returns the present credentials. Called for every connect. */
  get(): Promise<Credentials>;
  /**
   * Calls `listener` with new credentials, with which live connections authenticate again. Returns a function that
   * stops it.
   */
  subscribe(listener: (credentials: Credentials) => void): () => void;
}

/** Gives credentials at every connect. */
export type CredentialProvider = (() => Credentials | Promise<Credentials>) | StreamingCredentialProvider;

/** True for a provider that announces new credentials by itself. */
export function isStreaming(
  provider: CredentialProvider | undefined,
): provider is StreamingCredentialProvider {
  return typeof provider === "object" && provider !== null;
}
