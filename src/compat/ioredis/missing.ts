/**
 * Classes that ioredis exports and that are not here: programs that only import them load, and those that use them are
 * told.
 *
 * @module
 */

/** Throws: a connector of ioredis makes streams of Node. Use the option `transport`. */
export class AbstractConnector {
  /**
   * Never makes one.
   *
   * @throws {TypeError} always.
   */
  constructor(..._args: unknown[]) {
    throw new TypeError("Cannot make a connector: connectors are not supported; use the option `transport`");
  }
}

/** Throws: pass `sentinels` and `name` to the client instead. */
export class SentinelConnector extends AbstractConnector {}
