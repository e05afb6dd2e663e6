/**
 * Examines, step by step, what a connection needs.
 *
 * @module
 */
import { resolveOptions } from "../../options.ts";
import type { ResolvedConnectionOptions } from "../../options.ts";
import { isSentinelUrl } from "../../url.ts";
import { examineCluster } from "./cluster.ts";
import { type Diagnosis, failure, type LatencySummary, messageOf, Report } from "./diagnosis.ts";
import { examineLogin } from "./login.ts";
import { examineNetwork } from "./network.ts";
import { examineSentinels, readSubject } from "./sentinels.ts";
import { examineServer } from "./server.ts";
import { examineSession } from "./session.ts";
import type { DiagnoseOptions } from "./options.ts";
import { attempt, connectionTo, type Equipment, readInfo, secretsOf } from "./subject.ts";

/** The findings at one address. */
interface Found {
  readonly kind: Diagnosis["kind"];
  readonly latency: LatencySummary | undefined;
}

async function examineAddress(
  report: Report,
  options: ResolvedConnectionOptions,
  equipment: Equipment,
): Promise<Found> {
  if (!await examineNetwork(report, options, equipment)) return { kind: "unknown", latency: undefined };
  const connection = await examineLogin(report, options, equipment);
  if (connection === undefined) return { kind: "unknown", latency: undefined };
  let kind: Diagnosis["kind"] = "server";
  let latency: LatencySummary | undefined;
  try {
    latency = await examineSession(report, connection, equipment);
    const info = readInfo(await attempt(connection, "INFO"));
    await examineServer(report, connection, info);
    if (info.get("cluster_enabled") === "1") {
      kind = "cluster";
      await examineCluster(report, connection, options, equipment);
    }
  } catch (error) {
    report.add(
      "connection",
      failure("LOST", messageOf(error), "the server ended the connection; see its log"),
    );
  } finally {
    connection.disconnect();
  }
  return { kind, latency };
}

function hider(secrets: readonly string[]): (text: string) => string {
  return (text) => secrets.reduce((hidden, secret) => hidden.replaceAll(secret, "[redacted]"), text);
}

/**
 * Examines a server, a cluster, or sentinels and their master. Never rejects: what fails is a finding. Nothing that it
 * returns contains a secret.
 */
export async function diagnoseWith(
  url: string | URL,
  equipment: Equipment,
  onFinding?: DiagnoseOptions["onFinding"],
): Promise<Diagnosis> {
  const now = (): number => performance.now();
  const report = (secrets: readonly string[]): Report => new Report(now, hider(secrets), onFinding);
  const result = (target: string, { findings, verdict }: Report, { kind, latency }: Found): Diagnosis => ({
    target,
    kind,
    verdict,
    findings,
    ...latency && { latency },
  });
  let options: ResolvedConnectionOptions;
  try {
    if (isSentinelUrl(String(url))) {
      const subject = readSubject(url, equipment);
      const found = report(secretsOf([...subject.sentinels, subject.server]));
      const master = await examineSentinels(found, subject, equipment);
      const target = `${subject.service} at ${subject.sentinels.length} sentinels`;
      if (master === undefined) return result(target, found, { kind: "sentinels", latency: undefined });
      const server = connectionTo(subject.server, equipment, master);
      const { latency } = await examineAddress(found, server, equipment);
      return result(target, found, { kind: "sentinels", latency });
    }
    options = connectionTo(resolveOptions(url), equipment);
  } catch (error) {
    const bad = report([]);
    bad.add("URL", failure("BAD_URL", messageOf(error), "a URL is redis://USER:PASSWORD@HOST:PORT/DATABASE"));
    return result("unknown", bad, { kind: "unknown", latency: undefined });
  }
  const found = report(secretsOf([options]));
  return result(String(options), found, await examineAddress(found, options, equipment));
}
