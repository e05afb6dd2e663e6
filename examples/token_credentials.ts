/**
 * Credentials of managed services: tokens that expire. Live connections log in again before a token expires.
 *
 *     new Redis("rediss://cache.example.com:6379", {
 *       credentials: tokenCredentials(entraId(new DefaultAzureCredential())), // Azure Managed Redis
 *     });
 *     new Redis("rediss://cache.example.com:6379", {
 *       credentials: tokenCredentials(elastiCacheIam({ cache, user, region, keys })), // AWS ElastiCache
 *     });
 *
 * @module
 */
import type { Credentials, StreamingCredentialProvider } from "../mod.ts";

/** A token as a password, and how long it lives. */
export interface Token extends Credentials {
  /** Milliseconds from now until it expires. */
  readonly lifetime: number;
}

/** The part of a token's lifetime after which the next one is fetched. */
const RENEW_AT = 0.75;
/** Milliseconds after which a fetch that failed is tried again. */
const AGAIN = 5_000;

/** Makes a provider of a function that fetches a token: it fetches the next one in time, once for all connections. */
export function tokenCredentials(fetchToken: () => Promise<Token>): StreamingCredentialProvider {
  const listeners = new Set<(credentials: Credentials) => void>();
  let current: Promise<Token> | undefined;
  let staleAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function wait(delay: number): void {
    clearTimeout(timer);
    // A timer without listeners would keep the process alive.
    if (listeners.size > 0) timer = setTimeout(renew, delay);
  }
  function renew(): void {
    refresh().then((token) => listeners.forEach((listener) => listener(token)), () => wait(AGAIN));
  }
  function refresh(): Promise<Token> {
    const fetching = fetchToken();
    current = fetching;
    staleAt = Infinity;
    fetching.then(({ lifetime }) => {
      staleAt = Date.now() + lifetime * RENEW_AT;
      wait(lifetime * RENEW_AT);
    }, () => current = undefined);
    return fetching;
  }
  return {
    get: () => current !== undefined && Date.now() < staleAt ? current : refresh(),
    subscribe(listener) {
      listeners.add(listener);
      if (current !== undefined && staleAt !== Infinity) wait(Math.max(staleAt - Date.now(), 0));
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) clearTimeout(timer);
      };
    },
  };
}

/** A credential of `@azure/identity`: `new DefaultAzureCredential()`. */
export interface AzureCredential {
  /** Gets a token for a scope. */
  getToken(scope: string): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

/** Tokens of Microsoft Entra ID for Azure Cache for Redis and Azure Managed Redis. The user is the token's object id. */
export function entraId(credential: AzureCredential): () => Promise<Token> {
  return async () => {
    const found = await credential.getToken("https://redis.azure.com/.default");
    if (found === null) throw new Error("Entra ID gave no token");
    const { token, expiresOnTimestamp } = found;
    const claims = JSON.parse(atob(token.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/")));
    return { username: claims.oid, password: token, lifetime: expiresOnTimestamp - Date.now() };
  };
}

/** Keys of AWS; those of a role have a session token. */
export interface AwsKeys {
  /** The id of the access key. */
  readonly accessKeyId: string;
  /** The secret. */
  readonly secretAccessKey: string;
  /** The session token of temporary keys. */
  readonly sessionToken?: string;
}

/** A cache of ElastiCache with IAM authentication. */
export interface ElastiCache {
  /** The name of the replication group or of the serverless cache, in lower case. */
  readonly cache: string;
  /** The id of the user, which is its name, too. */
  readonly user: string;
  /** The region, as `eu-central-1`. */
  readonly region: string;
  /** Whether it is a serverless cache. */
  readonly serverless?: boolean;
  /** Gets the keys, such as `fromNodeProviderChain()` of `@aws-sdk/credential-providers`. */
  readonly keys: () => Promise<AwsKeys>;
}

/** Tokens of AWS IAM for ElastiCache: signed requests, which hold for 15 minutes. */
export function elastiCacheIam({ cache, user, region, serverless, keys }: ElastiCache): () => Promise<Token> {
  return async () => {
    const query = {
      Action: "connect",
      User: user,
      ...serverless && { ResourceType: "ServerlessCache" },
    };
    const request = { host: cache, path: "/", query, region, service: "elasticache", seconds: 900 };
    return { username: user, password: await presign(request, await keys()), lifetime: 900_000 };
  };
}

/** A request to be signed. */
export interface PresignRequest {
  /** The host. */
  readonly host: string;
  /** The path, encoded. */
  readonly path: string;
  /** The parameters, not encoded. */
  readonly query: Readonly<Record<string, string>>;
  /** The region. */
  readonly region: string;
  /** The service. */
  readonly service: string;
  /** The lifetime of the signature in seconds. */
  readonly seconds: number;
  /** The signed hash of the body. Default: that of an empty one. */
  readonly bodyHash?: string;
  /** Now. */
  readonly now?: Date;
}

const utf8 = new TextEncoder();
const hex = (bytes: ArrayBuffer): string =>
  [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const sha256 = async (text: string): Promise<string> =>
  hex(await crypto.subtle.digest("SHA-256", utf8.encode(text)));
const encode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );

async function hmac(key: Uint8Array<ArrayBuffer>, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, utf8.encode(text)));
}

/** Signs a GET request as AWS wants it (Signature Version 4, in the query); returns the URL without its scheme. */
export async function presign(request: PresignRequest, keys: AwsKeys): Promise<string> {
  const { host, path, query, region, service, seconds, now = new Date() } = request;
  const time = now.toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = [time.slice(0, 8), region, service, "aws4_request"];
  const all: Record<string, string> = {
    ...query,
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": [keys.accessKeyId, ...scope].join("/"),
    "X-Amz-Date": time,
    "X-Amz-Expires": String(seconds),
    "X-Amz-SignedHeaders": "host",
    ...keys.sessionToken !== undefined && { "X-Amz-Security-Token": keys.sessionToken },
  };
  const pairs = Object.keys(all).sort().map((name) => `${encode(name)}=${encode(all[name]!)}`).join("&");
  const bodyHash = request.bodyHash ?? await sha256("");
  const canonical = ["GET", path, pairs, `host:${host}\n`, "host", bodyHash].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, scope.join("/"), await sha256(canonical)].join("\n");
  let key = utf8.encode(`AWS4${keys.secretAccessKey}`);
  for (const part of scope) key = await hmac(key, part);
  return `${host}${path}?${pairs}&X-Amz-Signature=${hex((await hmac(key, text)).buffer)}`;
}
