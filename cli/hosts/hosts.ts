import type { InsightReport } from "../../adapters/aws/operators/insight-report.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import type { DocumentDeps } from "../../core/document/change-document.ts";
import { commandHostRule, readHostRules } from "../../core/flow/command-host-rules.ts";
import { fitsHost } from "../../core/flow/host-limits.ts";
import { decodeHost, hostItemKey } from "../../core/flow/host-record.ts";
import { toldBy } from "../shared/told-by.ts";
import { type AddressesOf, tableAt } from "../shared/stack.ts";
import type { HostsArguments } from "./arguments.ts";
import { describeHost, type HostShown } from "./show.ts";
import { describeRules } from "./status.ts";
import { describeTopHosts, topHosts } from "./top-hosts.ts";

export interface HostsDeps {
  readonly userName: () => string;
  readonly addressesOf: AddressesOf;
  readonly clock: Clock;
  /** What CloudWatch has counted of hosts. */
  readonly report: InsightReport;
  /** Opens the table of that name with the caller's own permissions. */
  readonly tableOf: (table: string) => DocumentDeps;
}

/** @returns what was asked for, for people or as JSON. */
export async function hosts(parsed: HostsArguments, deps: HostsDeps): Promise<string> {
  const { addressesOf, clock, report, tableOf, userName } = deps;
  if (parsed.kind === "top") {
    const { deployment } = await addressesOf(parsed.stack);
    const top = await topHosts({ clock, report, prefix: deployment }, parsed);
    return parsed.json ? JSON.stringify(top, null, 2) : describeTopHosts(top, parsed).join("\n");
  }
  const { json, place } = parsed;
  const table = await tableAt(place, addressesOf);
  const opened = tableOf(table);
  const inForm = <T>(found: T, describe: (found: T) => readonly string[]): string =>
    json ? JSON.stringify(found ?? null, null, 2) : describe(found).join("\n");
  return toldBy({ called: "The rules of hosts", table }, async () => {
    if (parsed.kind === "show") return inForm(await shownHost(opened, parsed.host), describeHost);
    const rules =
      parsed.kind === "change"
        ? await commandHostRule(opened, parsed.planned, parsed.by ?? userName())
        : await readHostRules(opened.items);
    return inForm(rules, describeRules);
  });
}

export async function shownHost({ clock, items }: DocumentDeps, host: string): Promise<HostShown> {
  const [item, rules] = await Promise.all([items.read(hostItemKey(host)), readHostRules(items)]);
  const { hostname } = new URL(`https://${host}`);
  const rule = rules?.rules.findLast(({ pattern }) => fitsHost(pattern, hostname));
  return { host, nowMs: clock.nowMs(), record: item && decodeHost(item), rule };
}
