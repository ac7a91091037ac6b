import type { InsightReport } from "../../adapters/aws/operators/insight-report.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import { ruleNameOf } from "../../dashboards/catalogue/contributors.ts";
import type { TopHostsQuery } from "./top-arguments.ts";

export interface TopHost {
  readonly host: string;
  readonly count: number;
}

export interface TopHostsDeps {
  readonly clock: Pick<Clock, "nowMs">;
  readonly report: InsightReport;
  /** With which the names of the deployment's rules begin. */
  readonly prefix: string;
}

/** The hosts of which a deployment counted most in the last minutes, the first one first. */
export async function topHosts(
  { clock, prefix, report }: TopHostsDeps,
  { by, minutes, most }: TopHostsQuery,
): Promise<readonly TopHost[]> {
  const toMs = clock.nowMs();
  const rule = ruleNameOf(prefix, `hosts-${by}`);
  const contributors = await report({ rule, fromMs: toMs - minutes * 60_000, toMs, most });
  return contributors.map(({ key, value }) => ({ host: key, count: value }));
}

/** One line for each host, such as `arxiv.org  311 waiting`. */
export function describeTopHosts(hosts: readonly TopHost[], { by, minutes }: TopHostsQuery): readonly string[] {
  if (hosts.length === 0) return [`No host was counted as ${by} in the last ${minutes} minutes.`];
  const hostWidth = Math.max(...hosts.map(({ host }) => host.length));
  const counts = hosts.map(({ count }) => String(Math.round(count)));
  const countWidth = Math.max(...counts.map(({ length }) => length));
  return hosts.map(({ host }, at) => `${host.padEnd(hostWidth)}  ${(counts[at] ?? "").padStart(countWidth)} ${by}`);
}
