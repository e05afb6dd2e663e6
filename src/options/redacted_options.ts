/**
 * Options without their secrets.
 *
 * @module
 */
import type { TlsOptions } from "../transport.ts";
import { REDACTED } from "./option_errors.ts";
import type { ConnectionValues } from "./values.ts";

/** Secrets and functions are properties that are read by their names, but show in no listing, spread or copy. */
export function hide(tls: TlsOptions): TlsOptions {
  const shown: Record<string, unknown> = { ...tls };
  for (const name of ["key", "pfx", "passphrase", "checkServerIdentity"] as const) {
    delete shown[name];
    if (tls[name] !== undefined) Object.defineProperty(shown, name, { value: tls[name], enumerable: false });
  }
  return Object.freeze(shown);
}

/** Options in a form that may be printed. */
export function show(values: ConnectionValues): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) if (value !== undefined) shown[name] = value;
  if (values.path !== undefined) {
    delete shown.host;
    delete shown.port;
  }
  if (values.password !== undefined) shown.password = REDACTED;
  if (values.credentials !== undefined) shown.credentials = REDACTED;
  if (values.tls !== undefined) {
    const { key, passphrase, pfx, cert, ca, checkServerIdentity, ...tls } = values.tls;
    const file = (pem: unknown) => typeof pem === "string" && !pem.includes("\n") ? pem : "[PEM]";
    shown.tls = {
      ...tls,
      ...key !== undefined && { key: REDACTED },
      ...passphrase !== undefined && { passphrase: REDACTED },
      ...pfx !== undefined && { pfx: REDACTED },
      ...checkServerIdentity !== undefined && { checkServerIdentity: "[custom]" },
      ...cert !== undefined && { cert: file(cert) },
      ...ca !== undefined && { ca: Array.isArray(ca) ? ca.map(file) : file(ca) },
    };
  }
  const { retry, reconnect } = values;
  // JSON has no infinity and would make null of it.
  const attempts = (count: number) => Number.isFinite(count) ? count : String(count);
  shown.retry = {
    ...retry,
    attempts: attempts(retry.attempts),
    backoff: String(retry.backoff),
    on: retry.on.map((kind) => typeof kind === "string" ? kind : kind.name),
  };
  shown.reconnect = { attempts: attempts(reconnect.attempts), backoff: String(reconnect.backoff) };
  if (values.lookup !== undefined) shown.lookup = "[custom]";
  if (values.parser !== undefined) shown.parser = "[custom]";
  if (values.transport !== undefined) shown.transport = values.transport.name;
  if (values.observer !== undefined) shown.observer = "[custom]";
  delete shown.clock;
  return shown;
}

/** Returns the text of options for a console. */
export function printed(name: string, options: { toJSON(): unknown }): string {
  return `${name} ${JSON.stringify(options, null, 2)}`;
}
