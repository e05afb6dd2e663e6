/**
 * Names that other clients have for our options, each with a word on what to write here.
 *
 * @module
 */

const seconds = (ours: string): string => `seconds there; here it is \`${ours}\`, in milliseconds`;
const same = (ours: string): string => `it is \`${ours}\` here`;

/** redis-py, redis-py-cluster and coredis. */
const PYTHON: Readonly<Record<string, string>> = {
  socket_timeout: seconds("socketTimeout"),
  socket_connect_timeout: seconds("connectTimeout"),
  stream_timeout: seconds("socketTimeout"),
  connect_timeout: seconds("connectTimeout"),
  health_check_interval: seconds("healthCheckInterval"),
  max_idle_time: seconds("maxIdleTime"),
  idle_check_interval: "idle connections are closed on time without it; see `maxIdleTime`, in milliseconds",
  max_connections: same("maxConnections"),
  max_connections_per_node: "it is `maxConnectionsPerNode` of a cluster's pool here",
  connection_class: same("connectionClass"),
  connection_pool: same("pool"),
  connection_pool_cls: "make the pool, and hand it over as `pool`",
  queue_class: 'it is `queue: "lifo"` or `"fifo"` here',
  socket_keepalive: same("keepAlive"),
  socket_keepalive_options: "it is `keepAlive: { idle, interval, count }` here, in milliseconds",
  socket_read_size: same("readBufferSize"),
  socket_type: "sockets are always streams",
  parser_class: same("parser"),
  encoding_errors: same("encodingErrors"),
  decode_responses:
    'text is the default here; `encoding: "bytes"` (or `redis.bytes()`) is what False meant there',
  client_name: same("clientName"),
  lib_name: same("libName"),
  lib_version: same("libVersion"),
  retry_on_timeout: same("retryOnTimeout"),
  retry_on_error: same("retryOnError"),
  protocol_version: same("protocol"),
  unix_socket_path: same("path"),
  unix_domain_socket_path: same("path"),
  credential_provider: same("credentials"),
  single_connection_client: "acquire a connection from the pool instead",
  ssl: "it is `tls: true` (or `rediss:`) here",
  ssl_context: "it is `tls: { key, cert, ca, ... }` here",
  ssl_keyfile: same("tls.key"),
  ssl_certfile: same("tls.cert"),
  ssl_cert_reqs: 'it is `tls.verify`: "required", "optional" or "none" here',
  ssl_ca_certs: same("tls.ca"),
  ssl_ca_data: same("tls.ca"),
  ssl_ca_path: "it is `tls.ca`, a list of files, here",
  ssl_check_hostname: same("tls.checkHostname"),
  ssl_password: same("tls.passphrase"),
  ssl_min_version: same("tls.minVersion"),
  ssl_ciphers: same("tls.ciphers"),
  ssl_disable_dev_restrictions: "there are no such restrictions here",
};

/** ioredis, node-redis, Bun and others in JavaScript. */
const SCRIPT: Readonly<Record<string, string>> = {
  url: "the URL is the first argument",
  uri: "the URL is the first argument",
  socket:
    "`host`, `port`, `path`, `tls`, `connectTimeout` and `keepAlive` stand in the options themselves here",
  hostname: same("host"),
  family: "both families are tried; to choose one, give `host` as an address",
  database: same("db"),
  user: same("username"),
  pass: same("password"),
  auth: "it is `password` (with `username`) here",
  auth_pass: same("password"),
  name: "it is `clientName` here",
  connectionName: same("clientName"),
  clientInfoTag: same("libName"),
  disableClientInfo: "it is `libName: false` here",
  RESP: same("protocol"),
  keyPrefix: "keys are sent as they are given; put the prefix into them",
  lazyConnect: "clients always connect on first use; `await redis.connect()` to be eager",
  maxRetriesPerRequest: "it is `retry: { attempts }` here",
  retryStrategy: "it is `reconnect: { backoff: (attempt) => milliseconds }` here",
  reconnectStrategy: "it is `reconnect: { backoff: (attempt) => milliseconds }` here",
  reconnectOnError: same("retryOnError"),
  autoReconnect: "lost connections always come back; `maxQueued: 0` makes commands fail meanwhile",
  maxRetries: "it is `retry: { attempts }` here",
  enableOfflineQueue: "`maxQueued: 0` makes commands fail while there is no connection",
  disableOfflineQueue: "`maxQueued: 0` makes commands fail while there is no connection",
  offlineQueue: "`maxQueued: 0` makes commands fail while there is no connection",
  commandsQueueMaxLength: same("maxQueued"),
  enableAutoPipelining: "commands of one tick always travel together here",
  enableReadyCheck: "a LOADING reply is repeated after under `retry`",
  autoResubscribe: "subscriptions always come back, and tell of the gap",
  autoResendUnfulfilledCommands: "what may have run is repeated only if read-only, or under `retry.unsafe`",
  stringNumbers: "integers beyond 2^53 arrive as bigint",
  pingInterval: same("healthCheckInterval"),
  connectionTimeout: same("connectTimeout"),
  idleTimeout: same("maxIdleTime"),
  timeoutMs: same("commandTimeout"),
  rejectUnauthorized: 'it is `tls: { verify: "none" }` here',
  servername: same("tls.serverName"),
  sentinels: "use `new Sentinel(addresses, options)`",
  readOnly: "it is `readFrom` of a cluster here",
  readonly: "it is `readFrom` of a cluster here",
  max: same("maxConnections"),
  min: same("minIdle"),
  poolSize: same("maxConnections"),
};

/** What to write instead of a name of another client's; `undefined` where it is nobody's. */
export function foreign(name: string): string | undefined {
  if (Object.hasOwn(PYTHON, name)) return PYTHON[name];
  return Object.hasOwn(SCRIPT, name) ? SCRIPT[name] : undefined;
}
