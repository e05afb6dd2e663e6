/**
 * The modules for subscriptions and MONITOR, loaded on first use and split off by bundlers.
 *
 * @module
 */
export { DedicatedSubscriptionConnection } from "./dedicated_subscription_connection.ts";
export { ProtocolSubscriptionConnection } from "./protocol_subscription_connection.ts";
export { PubSub } from "./pubsub.ts";
