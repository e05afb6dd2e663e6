/**
 * Opens the connection of a client: finds the server, connects, and follows the connection until it ends.
 *
 * @module
 */
import { ConnectionError, ProtocolError, TimeoutError } from "../../errors.ts";
import type { Endpoint, KeepAliveOptions } from "../../transport.ts";
import { familyOf } from "./connector.ts";
import { shakeHands } from "./handshake.ts";
import { DEFAULT_REDIS_OPTIONS } from "./options.ts";
import { closed } from "./recovery.ts";
import type { Client } from "./client.ts";
import { CONNECTION_CLOSED_ERROR_MSG } from "./support.ts";
import { Wire, type WireOwner } from "./wire.ts";

/** The system's error behind one of ours, as Node gives it. */
function systemError(error: unknown, endpoint: Endpoint): Error {
  const { cause, code } = error as { cause?: unknown; code?: string };
  if (code === "CONNECT_TIMEOUT") {
    return Object.assign(new Error("connect ETIMEDOUT"), {
      errorno: "ETIMEDOUT",
      code: "ETIMEDOUT",
      syscall: "connect",
    });
  }
  if (!(cause instanceof Error)) return error as Error;
  // Node has its own words for that already.
  if (!isRefused(cause) || cause.message.startsWith("connect ") || "errors" in cause) return cause;
  const where = "path" in endpoint ? endpoint : { address: endpoint.host, port: endpoint.port };
  const text = "path" in endpoint ? endpoint.path : `${endpoint.host}:${endpoint.port}`;
  return Object.assign(new Error(`connect ECONNREFUSED ${text}`, { cause: error }), {
    ...where,
    code: "ECONNREFUSED",
    syscall: "connect",
  });
}

/** The transport's own keepalive, unless another time was asked for: not every runtime can set one. */
function keepAliveOf(idle: number | undefined): boolean | KeepAliveOptions {
  if (typeof idle !== "number") return false;
  return idle === 0 || idle === DEFAULT_REDIS_OPTIONS.keepAlive ? true : { idle };
}

/** Returns whether no server is listening, by the messages of the three runtimes. */
function isRefused(error: Error & { code?: string }): boolean {
  return error.name === "ConnectionRefused" || error.code === "ECONNREFUSED";
}

/** Returns the error of an ended connection; none if the server has closed it. */
function endError(cause: Error, socketTimeout: number | undefined): Error | undefined {
  if (cause instanceof TimeoutError) {
    return new Error(`Socket timeout. Expecting data, but didn't receive any in ${socketTimeout}ms.`);
  }
  if (cause instanceof ConnectionError) return cause.cause instanceof Error ? cause.cause : undefined;
  return undefined;
}

/** The error for bytes that start no reply, in the words of ioredis; others keep their own. */
function unreadableReply(cause: ProtocolError): Error {
  const [, first] = /"(.).*" does not start/.exec(cause.message) ?? [];
  if (first === undefined) {
    cause.message += ". Please report this.";
    return cause;
  }
  const message = `Unknown RESP type ${first.charCodeAt(0)} "${first}". Please report this.`;
  return Object.assign(new Error(message, { cause }), { code: cause.code });
}

/** Connects; resolves when the client is ready. */
export async function openConnection(redis: Client): Promise<void> {
  if (redis.status === "connecting" || redis.status === "connect" || redis.status === "ready") {
    throw new Error("Redis is already connecting/connected");
  }
  const epoch = ++redis.connectionEpoch;
  redis.setStatus("connecting");
  const { options } = redis;
  redis.condition = {
    select: options.db,
    auth: options.username ? [options.username, options.password] : options.password,
    subscriber: false,
    protocol: options.protocol ?? 3,
    replyMapping: options.protocol === 3 && options.replyMapping === "resp3" ? "resp3" : "legacy",
    stringNumbers: options.stringNumbers ?? false,
    handshake: false,
  };
  const abort = new AbortController();
  redis.abortConnecting = () => abort.abort(new Error(CONNECTION_CLOSED_ERROR_MSG));
  let endpoint: Endpoint;
  try {
    endpoint = await redis.connector.locate((event, error) => void redis.silentEmit(event, error));
    abort.signal.throwIfAborted();
  } catch (error) {
    redis.flushQueue(error as Error);
    redis.silentEmit("error", error);
    redis.setStatus("end");
    throw error;
  }
  const settled = new Promise<void>((resolve, reject) => {
    const onReady = (): void => {
      redis.off("close", onClose);
      resolve();
    };
    const onClose = (): void => {
      redis.off("ready", onReady);
      reject(new Error(CONNECTION_CLOSED_ERROR_MSG));
    };
    redis.once("ready", onReady);
    redis.once("close", onClose);
  });
  void open(redis, endpoint, epoch, abort);
  await settled;
}

async function open(
  redis: Client,
  endpoint: Endpoint,
  epoch: number,
  abort: AbortController,
): Promise<void> {
  const { options } = redis;
  const timer = options.connectTimeout
    ? setTimeout(
      () => abort.abort(new TimeoutError("Cannot connect in time", { code: "CONNECT_TIMEOUT" })),
      options.connectTimeout,
    )
    : undefined;
  try {
    const wire = await Wire.open(
      {
        endpoint,
        transport: redis.transport,
        noDelay: options.noDelay ?? true,
        keepAlive: keepAliveOf(options.keepAlive),
        family: familyOf(endpoint, options),
        socketTimeout: options.socketTimeout ?? 0,
      },
      owner(redis),
      abort.signal,
    );
    clearTimeout(timer);
    redis.abortConnecting = undefined;
    if (epoch !== redis.connectionEpoch) return wire.destroy(new Error(CONNECTION_CLOSED_ERROR_MSG));
    redis.wire = wire;
    redis.connector.connected();
    // The socket may have ended since it was created.
    if (!wire.writable) return closed(redis, []);
    await shakeHands(redis);
  } catch (error) {
    clearTimeout(timer);
    redis.abortConnecting = undefined;
    if (epoch !== redis.connectionEpoch) return;
    const told = systemError(error, endpoint);
    if (told.message !== CONNECTION_CLOSED_ERROR_MSG) redis.silentEmit("error", told);
    // The end of an open connection is noticed once, by its owner.
    if (redis.wire !== undefined) redis.wire.destroy(error as Error);
    else closed(redis, redis.lostCommands);
  }
}

function owner(redis: Client): WireOwner {
  const { dispatcher } = redis;
  return {
    get subscribed(): boolean {
      return redis.condition?.protocol === 2 && Boolean(redis.condition.subscriber);
    },
    get monitoring(): boolean {
      return redis.options.monitor === true;
    },
    reply: (sent, reply, wire) => dispatcher.reply(sent, reply, wire),
    replyError: (sent, error) => dispatcher.replyError(sent, error),
    push: (frame, wire) => dispatcher.push(frame, wire),
    ended: (cause, lost, wire) => {
      if (redis.wire !== wire) return;
      redis.wire = undefined;
      if (cause instanceof ProtocolError) {
        const told = unreadableReply(cause);
        for (const { command } of lost.splice(0)) command.reject(told);
        redis.silentEmit("error", told);
      }
      const error = endError(cause, redis.options.socketTimeout);
      if (error !== undefined) redis.silentEmit("error", error);
      closed(redis, lost);
    },
  };
}
