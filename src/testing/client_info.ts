/**
 * Connected clients as tests see and select them.
 *
 * @module
 */
import { clientType } from "./clients.ts";
import type { Session } from "./state.ts";

/** A connected client. */
export interface ClientInfo {
  /** CLIENT ID. */
  readonly id: number;
  /** The name that CLIENT SETNAME has set; else empty. */
  readonly name: string;
  /** The address of the client: `127.0.0.1:50000`. */
  readonly address: string;
  /** The user. */
  readonly user: string;
  /** The number of the selected database. */
  readonly db: number;
  /** The version of RESP: 2 or 3. */
  readonly protocol: number;
  /** `"normal"` or `"pubsub"`, as CLIENT LIST TYPE selects them. */
  readonly type: string;
  /** Whether a blocking command waits. */
  readonly blocked: boolean;
  /** Whether MULTI was sent and EXEC was not. */
  readonly inTransaction: boolean;
  /** The last command in capitals; `undefined` before the first. */
  readonly lastCommand: string | undefined;
}

/** A filter for clients: fields or a function. */
export type ClientFilter =
  | ((client: ClientInfo) => boolean)
  | Partial<Pick<ClientInfo, "id" | "name" | "address" | "user" | "db" | "type" | "blocked">>;

/** Describes a client. */
export function clientInfo(session: Session): ClientInfo {
  return {
    id: session.id,
    name: session.name,
    address: session.link?.address ?? "",
    user: session.user.name,
    db: session.db.index,
    protocol: session.protocol,
    type: clientType(session),
    blocked: session.blocked !== undefined,
    inTransaction: session.multi !== undefined,
    lastCommand: session.lastCommand?.name.replace("|", " ").toUpperCase(),
  };
}

/** Whether a filter selects a client; no filter selects all. */
export function selects(filter: ClientFilter | undefined, session: Session): boolean {
  if (filter === undefined) return true;
  const info = clientInfo(session);
  if (typeof filter === "function") return filter(info);
  return Object.entries(filter).every(([name, value]) =>
    value === undefined || info[name as keyof ClientInfo] === value
  );
}
