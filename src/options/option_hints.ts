/**
 * Names that other clients, and earlier versions of this one, have for our options, each with a word on what to write here.
 *
 * @module
 */

/**
 * Each line has names and a hint; | stands for `. `=` precedes the option here as a name, `*` the option with its
 * syntax, `~` an option that takes seconds there, `:` a text. The string is half the size of equivalent code.
 */
const HINTS = `socket_timeout stream_timeout~socketTimeout
socket_connect_timeout connect_timeout~connectTimeout
health_check_interval~healthCheckInterval
max_idle_time~maxIdleTime
idle_check_interval:idle connections are closed on time without it; see |maxIdleTime|, in milliseconds
max_connections max poolSize=maxConnections
max_connections_per_node*|maxConnectionsPerNode| of a cluster's pool
connection_class=connectionClass
connection_pool=pool
connection_pool_cls:make the pool, and hand it over as |pool|
queue_class*|queue: "lifo"| or |"fifo"|
socket_keepalive=keepAlive
socket_keepalive_options:it is |keepAlive: { idle, interval, count }| here, in milliseconds
socket_read_size=readBufferSize
socket_type:sockets are always streams
parser_class=parser
encoding_errors=encodingErrors
decode_responses:text is the default here; |encoding: "bytes"| (or |redis.bytes()|) is what False meant there
client_name name connectionName=clientName
lib_name clientInfoTag=libName
lib_version=libVersion
retry_on_timeout=retryOnTimeout
retry_on_error reconnectOnError=retryOnError
protocol_version RESP=protocol
unix_socket_path unix_domain_socket_path=path
startup_nodes rootNodes=startupNodes
init_slot_cache=initSlotCache
reinitialize_steps=reinitializeSteps
skip_full_coverage_check=skipFullCoverageCheck
require_full_coverage*|skipFullCoverageCheck|, the other way round,
nodemanager_follow_cluster=followCluster
host_port_remap address_remap natMap nodeAddressMap natmap hostPortRemap=addressMap
read_from_replicas load_balancing_strategy readonly_mode useReplicas scaleReads readOnly readonly*|readFrom| of a cluster
cluster_error_retry_attempts*|maxRedirections| of a cluster
credential_provider=credentials
single_connection_client:acquire a connection from the pool instead
sentinel_kwargs*|sentinel: { username, password, tls, ... }| of a Sentinel
min_other_sentinels*|minOtherSentinels| of a Sentinel
force_master_ip*|addressMap| of a Sentinel
service_name*|service| of a SentinelConnectionPool, or the argument of |masterFor|
sentinel_manager*|sentinel| of a SentinelConnectionPool
is_master*|role: "master"| or |"replica"| of a SentinelConnectionPool
check_connection:connections are always fit to be used here; see |healthCheckInterval|
ssl*|tls: true| (or |rediss:|)
ssl_context*|tls: { key, cert, ca, ... }|
ssl_keyfile=tls.key
ssl_certfile=tls.cert
ssl_cert_reqs*|tls.verify|: "required", "optional" or "none"
ssl_ca_certs ssl_ca_data=tls.ca
ssl_ca_path*|tls.ca|, a list of files,
ssl_check_hostname=tls.checkHostname
ssl_password=tls.passphrase
ssl_min_version=tls.minVersion
ssl_ciphers=tls.ciphers
ssl_disable_dev_restrictions:there are no such restrictions here
url uri:the URL is the first argument
socket:|host|, |port|, |path|, |tls|, |connectTimeout| and |keepAlive| stand in the options themselves here
hostname=host
dnsLookup=lookup
database=db
user=username
pass auth_pass=password
auth*|password| (with |username|)
disableClientInfo*|libName: false|
key_prefix=keyPrefix
showFriendlyErrorStack=callSites
lazyConnect:clients always connect on first use; |await redis.connect()| to be eager
maxRetriesPerRequest maxRetries*|retry: { attempts }|
retryStrategy reconnectStrategy clusterRetryStrategy*|reconnect: { backoff: (attempt) => milliseconds }|
autoReconnect:lost connections always come back; |offlineQueue: false| makes commands fail meanwhile
enableOfflineQueue disableOfflineQueue disconnectedBehavior:it is |offlineQueue: false| here, which makes commands fail while there is no connection
commandsQueueMaxLength requestQueueSize*|offlineQueue: { maxCommands }| and |sendQueue: { maxCommands }|
maxQueued:it is |offlineQueue: { maxCommands }| (or |offlineQueue: false|) and |sendQueue: { maxCommands }| now
maxQueuedBytes:it is |offlineQueue: { maxBytes }| and |sendQueue: { maxBytes }| now
enableAutoPipelining:commands of one tick always travel together here
enableReadyCheck:a LOADING reply is repeated after under |retry|
autoResubscribe:subscriptions always come back, and tell of the gap
autoResendUnfulfilledCommands:what may have run is repeated only if read-only, or under |retry.unsafe|
stringNumbers:integers beyond 2^53 arrive as bigint
pingInterval=healthCheckInterval
connectionTimeout=connectTimeout
idleTimeout=maxIdleTime
timeoutMs=commandTimeout
rejectUnauthorized*|tls: { verify: "none" }|
servername=tls.serverName
sentinels:use |new Sentinel(addresses, options)|
maxCommandRedirections=maxRedirections
slotsRefreshInterval=refreshInterval
slotsRefreshTimeout:each node has |connectTimeout| to tell the slots
redisOptions:the options of the nodes' connections stand beside those of the cluster here
minimizeConnections:connections are always opened on first use
sentinelUsername*|sentinel: { username }| of a Sentinel
sentinelPassword*|sentinel: { password }| of a Sentinel
sentinelTLS*|sentinel: { tls }| of a Sentinel
enableTLSForSentinelMode*|tls| for the servers, and |sentinel: { tls }| for the sentinels
sentinelRetryStrategy*|sentinel: { reconnect }| of a Sentinel
sentinelCommandTimeout*|sentinel: { commandTimeout }| of a Sentinel
sentinelRootNodes:they are the first argument of |new Sentinel(addresses, options)|
sentinelClientOptions*|sentinel: { ... }| of a Sentinel
preferredSlaves*|readFrom: "preferReplica"|
failoverDetector:failovers are always noticed here
min=minIdle
silenceLimit=nodeTimeout`;

/** Returns the hint for an option of another client; `undefined` if the name is unknown. */
export function optionHint(name: string): string | undefined {
  for (const line of HINTS.replaceAll("|", "`").split("\n")) {
    const [, names, kind, text] = /^([\w ]+)(.)(.*)$/.exec(line)!;
    if (!names!.split(" ").includes(name)) continue;
    if (kind === "~") return `seconds there; here it is \`${text}\`, in milliseconds`;
    return kind === "=" ? `it is \`${text}\` here` : kind === "*" ? `it is ${text} here` : text;
  }
  return undefined;
}
