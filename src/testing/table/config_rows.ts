// Generated from CONFIG GET * of Redis 7.0; do not edit.
/**
 * The parameters of CONFIG: `name TAB default TAB i` where it cannot be set, `name TAB default TAB TAB values` where it can:
 * `least..most`, choices with `|` between them, or `memory`.
 *
 * @module
 */

/** One line for each parameter. */
export const CONFIG_ROWS: string = `
acl-pubsub-default	resetchannels		allchannels|resetchannels
aclfile		i
acllog-max-len	128		0..9223372036854775807
active-defrag-cycle-max	25		1..99
active-defrag-cycle-min	1		1..99
active-defrag-ignore-bytes	104857600		memory
active-defrag-max-scan-fields	1000		1..9223372036854775807
active-defrag-threshold-lower	10		0..1000
active-defrag-threshold-upper	100		0..1000
active-expire-effort	1		1..10
activedefrag	no
activerehashing	yes
always-show-logo	no	i
aof-disable-auto-gc	no
aof-load-truncated	yes
aof-rewrite-incremental-fsync	yes
aof-timestamp-enabled	no
aof-use-rdb-preamble	yes
aof_rewrite_cpulist		i
appenddirname	appendonlydir	i
appendfilename	appendonly.aof	i
appendfsync	everysec		everysec|always|no
appendonly	no
auto-aof-rewrite-min-size	67108864		memory
auto-aof-rewrite-percentage	100		0..2147483647
bgsave_cpulist		i
bind	127.0.0.1
bind-source-addr		i
bio_cpulist		i
busy-reply-threshold	5000		0..9223372036854775807
client-output-buffer-limit	normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60
client-query-buffer-limit	1073741824		memory
cluster-allow-pubsubshard-when-down	yes
cluster-allow-reads-when-down	no
cluster-allow-replica-migration	yes
cluster-announce-bus-port	0		0..65535
cluster-announce-hostname	
cluster-announce-ip	
cluster-announce-port	0		0..65535
cluster-announce-tls-port	0		0..65535
cluster-config-file	nodes.conf	i
cluster-enabled	no	i
cluster-link-sendbuf-limit	0		memory
cluster-migration-barrier	1		0..2147483647
cluster-node-timeout	15000		0..9223372036854775807
cluster-port	0
cluster-preferred-endpoint-type	ip		ip|hostname|unknown-endpoint
cluster-replica-no-failover	no
cluster-replica-validity-factor	10		0..2147483647
cluster-require-full-coverage	yes
cluster-slave-no-failover	no
cluster-slave-validity-factor	10		0..2147483647
crash-log-enabled	yes
crash-memcheck-enabled	yes
daemonize	no	i
databases	16	i
dbfilename	dump.rdb
dir	/tmp
disable-thp	yes	i
dynamic-hz	yes
enable-debug-command	yes	i
enable-module-command	no	i
enable-protected-configs	no	i
hash-max-listpack-entries	512		0..9223372036854775807
hash-max-listpack-value	64		memory
hash-max-ziplist-entries	512		0..9223372036854775807
hash-max-ziplist-value	64		memory
hll-sparse-max-bytes	3000		memory
hz	10		0..2147483647
ignore-warnings		i
io-threads	1	i
io-threads-do-reads	no	i
jemalloc-bg-thread	yes
latency-monitor-threshold	0		0..9223372036854775807
latency-tracking	yes
latency-tracking-info-percentiles	50 99 99.9
lazyfree-lazy-eviction	no
lazyfree-lazy-expire	no
lazyfree-lazy-server-del	no
lazyfree-lazy-user-del	no
lazyfree-lazy-user-flush	no
lfu-decay-time	1		0..2147483647
lfu-log-factor	10		0..2147483647
list-compress-depth	0		0..2147483647
list-max-listpack-size	-2		-2147483648..2147483647
list-max-ziplist-size	-2		-2147483648..2147483647
logfile		i
loglevel	notice		debug|verbose|notice|warning
lua-time-limit	5000		0..9223372036854775807
masterauth	
masteruser	
maxclients	10000		1..4294967295
maxmemory	0		memory
maxmemory-clients	0
maxmemory-eviction-tenacity	10		0..100
maxmemory-policy	noeviction		volatile-lru|volatile-lfu|volatile-random|volatile-ttl|allkeys-lru|allkeys-lfu|allkeys-random|noeviction
maxmemory-samples	5		1..2147483647
min-replicas-max-lag	10		0..2147483647
min-replicas-to-write	0		0..2147483647
min-slaves-max-lag	10		0..2147483647
min-slaves-to-write	0		0..2147483647
no-appendfsync-on-rewrite	no
notify-keyspace-events	
oom-score-adj	no		no|yes|relative|absolute
oom-score-adj-values	0 200 800
pidfile		i
port	6379	i
proc-title-template	{title} {listen-addr} {server-mode}
propagation-error-behavior	ignore		ignore|panic|panic-on-replicas
protected-mode	yes
proto-max-bulk-len	536870912		memory
rdb-del-sync-files	no
rdb-save-incremental-fsync	yes
rdbchecksum	yes
rdbcompression	yes
repl-backlog-size	1048576		memory
repl-backlog-ttl	3600		0..9223372036854775807
repl-disable-tcp-nodelay	no
repl-diskless-load	disabled		disabled|on-empty-db|swapdb
repl-diskless-sync	yes
repl-diskless-sync-delay	5		0..2147483647
repl-diskless-sync-max-replicas	0		0..2147483647
repl-ping-replica-period	10		1..2147483647
repl-ping-slave-period	10		1..2147483647
repl-timeout	60		1..2147483647
replica-announce-ip	
replica-announce-port	0		0..65535
replica-announced	yes
replica-ignore-disk-write-errors	no
replica-ignore-maxmemory	yes
replica-lazy-flush	no
replica-priority	100		0..2147483647
replica-read-only	yes
replica-serve-stale-data	yes
replicaof	
requirepass	
sanitize-dump-payload	no		no|yes|clients
save	
server_cpulist		i
set-max-intset-entries	512		0..9223372036854775807
set-proc-title	yes	i
shutdown-on-sigint	default		default|save|nosave|now|force
shutdown-on-sigterm	default		default|save|nosave|now|force
shutdown-timeout	10		0..2147483647
slave-announce-ip	
slave-announce-port	0		0..65535
slave-ignore-maxmemory	yes
slave-lazy-flush	no
slave-priority	100		0..2147483647
slave-read-only	yes
slave-serve-stale-data	yes
slaveof	
slowlog-log-slower-than	10000		-1..9223372036854775807
slowlog-max-len	128		0..9223372036854775807
socket-mark-id	0
stop-writes-on-bgsave-error	yes
stream-node-max-bytes	4096		memory
stream-node-max-entries	100		0..9223372036854775807
supervised	no	i
syslog-enabled	no	i
syslog-facility	local0
syslog-ident	redis	i
tcp-backlog	511	i
tcp-keepalive	300		0..2147483647
timeout	0		0..2147483647
tls-auth-clients	yes		no|yes|optional
tls-ca-cert-dir	
tls-ca-cert-file	
tls-cert-file	
tls-ciphers	
tls-ciphersuites	
tls-client-cert-file	
tls-client-key-file	
tls-client-key-file-pass	
tls-cluster	no
tls-dh-params-file	
tls-key-file	
tls-key-file-pass	
tls-port	0		0..65535
tls-prefer-server-ciphers	no
tls-protocols	
tls-replication	no
tls-session-cache-size	20480		0..2147483647
tls-session-cache-timeout	300		0..2147483647
tls-session-caching	yes
tracking-table-max-keys	1000000		0..9223372036854775807
unixsocket		i
unixsocketperm	0	i
zset-max-listpack-entries	128		0..9223372036854775807
zset-max-listpack-value	64		memory
zset-max-ziplist-entries	128		0..9223372036854775807
zset-max-ziplist-value	64		memory
`;
