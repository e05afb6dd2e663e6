/**
 * The first commands of a connection, in ioredis' order: HELLO or AUTH, SELECT, names, READONLY.
 *
 * @module
 */
import type { Client } from "./client.ts";
import { noop } from "./support.ts";

/** The version that CLIENT SETINFO names: that of the ioredis whose behaviour this is. */
const VERSION = "6.0.0";

interface Step {
  readonly isHello?: boolean;
  readonly send: () => Promise<unknown>;
  readonly failed?: (error: Error) => void;
}

function greetings(redis: Client): Step[] {
  const condition = redis.condition!;
  const { auth } = condition;
  if (condition.protocol === 3) {
    const words: unknown[] = [3];
    if (auth) words.push("AUTH", ...(Array.isArray(auth) ? auth : ["default", auth]));
    return [{ isHello: true, send: () => redis.hello(words), failed: authFailed }];
  }
  return auth ? [{ send: () => redis.auth(auth), failed: authFailed }] : [];
}

function steps(redis: Client): Step[] {
  const { condition, options } = redis;
  const list = greetings(redis);
  const { select } = condition!;
  if (select) {
    list.push({
      send: () => redis.select(select),
      failed: (error) => void redis.silentEmit("error", error),
    });
  }
  const { connectionName, clientInfoTag } = options;
  if (connectionName) list.push({ send: () => redis.client("setname", connectionName), failed: noop });
  if (options.readOnly) list.push({ send: () => redis.readonly(), failed: noop });
  if (!options.disableClientInfo) {
    const name = clientInfoTag ? `ioredis(${clientInfoTag})` : "ioredis";
    list.push({ send: () => redis.client("SETINFO", "LIB-VER", VERSION), failed: noop });
    list.push({ send: () => redis.client("SETINFO", "LIB-NAME", name), failed: noop });
  }
  return list;
}

async function send(list: readonly Step[], protocol: number): Promise<void> {
  if (protocol !== 3) {
    const sent = list.map(({ send, failed }) => failed === undefined ? send() : send().catch(failed));
    await Promise.all(sent);
    return;
  }
  // HELLO may contain the credentials: all are sent together, and the reply of HELLO is checked first.
  const outcomes = await Promise.allSettled(list.map((step) => step.send()));
  const hello = outcomes[list.findIndex(({ isHello }) => isHello)];
  if (hello?.status === "rejected" && lacksProtocol(hello.reason)) throw hello.reason;
  outcomes.forEach((outcome, index) => {
    if (outcome.status === "fulfilled") return;
    const { failed } = list[index]!;
    if (failed === undefined) throw outcome.reason;
    failed(outcome.reason);
  });
}

/** Passwords where none are needed are a warning. */
function authFailed(error: Error): void {
  const { message } = error;
  if (message.includes("no password is set")) {
    console.warn("[WARN] Redis server does not require a password, but a password was supplied.");
  } else if (message.includes("without any password configured for the default user")) {
    console.warn(
      "[WARN] This Redis server's `default` user does not require a password, but a password was supplied",
    );
  } else if (message.includes("wrong number of arguments for 'auth' command")) {
    console.warn(
      `[ERROR] The server returned "wrong number of arguments for 'auth' command". You are probably passing both username and password to Redis version 5 or below. You should only pass the 'password' option for Redis version 5 and under.`,
    );
  } else throw error;
}

/** The server has no HELLO, or no RESP3. */
function lacksProtocol(error: Error): boolean {
  const message = (error.message ?? "").toUpperCase();
  return message.includes("NOPROTO") || (message.includes("UNKNOWN COMMAND") && message.includes("HELLO"));
}

/** Introduces a client that has connected, and makes it ready. */
export async function shakeHands(redis: Client): Promise<void> {
  const condition = redis.condition!;
  condition.handshake = true;
  redis.setStatus("connect");
  const { connectionEpoch } = redis;
  const isActive = (): boolean => connectionEpoch === redis.connectionEpoch && redis.status === "connect";
  try {
    try {
      await send(steps(redis), condition.protocol);
    } catch (error) {
      if (!isActive()) return;
      if (!lacksProtocol(error as Error)) throw error;
      if (redis.options.replyMapping === "resp3") {
        console.warn(
          '[WARN] replyMapping "resp3" was requested, but the server does not support RESP3. ' +
            "Replies will use RESP2-compatible shapes until connected to a server that supports RESP3.",
        );
      }
      condition.protocol = 2;
      condition.replyMapping = "legacy";
      await send(steps(redis), 2);
    }
  } catch (error) {
    if (isActive()) redis.recoverFromFatalError(error as Error, error as Error);
    return;
  }
  if (!isActive()) return;
  if (!redis.options.enableReadyCheck) {
    condition.handshake = false;
    return redis.becomeReady();
  }
  redis._readyCheck((error, info) => {
    if (!isActive()) return;
    if (error) return redis.recoverFromFatalError(error, error);
    if (!redis.connector.check(info ?? {})) return redis.disconnect(true);
    condition.handshake = false;
    redis.becomeReady();
  });
}

/** Asks the server until it has loaded its data. */
export function checkReady(
  redis: Client,
  callback: (error: Error | null, info?: Record<string, string>) => void,
): void {
  redis.info((error: Error | null, reply: unknown) => {
    if (error) {
      if (error.message?.includes("NOPERM")) {
        console.warn(
          `Skipping the ready check because INFO command fails: "${error.message}". You can disable ready check with "enableReadyCheck". More: https://github.com/luin/ioredis/wiki/Disable-ready-check.`,
        );
        return callback(null, {});
      }
      return callback(error);
    }
    if (typeof reply !== "string") return callback(null, reply as Record<string, string>);
    const info: Record<string, string> = {};
    for (const line of reply.split("\r\n")) {
      const colon = line.indexOf(":");
      if (colon > 0 && colon < line.length - 1) info[line.slice(0, colon)] = line.slice(colon + 1);
    }
    if (!info.loading || info.loading === "0") return callback(null, info);
    const eta = (Number(info.loading_eta_seconds) || 1) * 1_000;
    const most = redis.options.maxLoadingRetryTime;
    setTimeout(() => redis._readyCheck(callback), most ? Math.min(most, eta) : eta);
  }).catch(noop);
}
