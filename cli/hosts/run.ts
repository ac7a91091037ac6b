import type { Writable } from "node:stream";
import type { InsightReport } from "../../adapters/aws/insight-report.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import { RefusalError, type DocumentDeps } from "../../core/document/change-document.ts";
import { commandHostRule, readHostRules } from "../../core/flow/command-host-rules.ts";
import { fitsHost } from "../../core/flow/host-limits.ts";
import { decodeHost, hostItemKey } from "../../core/flow/host-record.ts";
import { toldBy } from "../shared/document-command.ts";
import { type AddressesOf, tableAt } from "../shared/stack.ts";
import { EXIT } from "../terminal/exit.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { parseHostsArguments, type HostsArguments } from "./arguments.ts";
import { describeHost, type HostShown } from "./show.ts";
import { describeRules } from "./status.ts";
import { describeTopHosts, topHosts } from "./top-hosts.ts";

export interface HostsSurroundings {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly userName: () => string;
  readonly addressesOf: AddressesOf;
  readonly clock: Pick<Clock, "nowMs">;
  /** What CloudWatch has counted of hosts. */
  readonly report: InsightReport;
  /** Opens the table of that name with the caller's own permissions. */
  readonly tableOf: (table: string) => DocumentDeps;
}

/** @returns the exit code. */
export async function runHosts(argv: readonly string[], surroundings: HostsSurroundings): Promise<number> {
  const { stderr, stdout } = surroundings;
  try {
    const parsed = parseHostsArguments(argv);
    const text = typeof parsed === "string" ? parsed : await answerTo(parsed, surroundings);
    stdout.write(`${text}\n`);
    return EXIT.done;
  } catch (error) {
    stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof UsageError || error instanceof RefusalError ? EXIT.wrongUsage : EXIT.failed;
  }
}

async function answerTo(parsed: HostsArguments, surroundings: HostsSurroundings): Promise<string> {
  const { addressesOf, clock, report, tableOf, userName } = surroundings;
  if (parsed.kind === "top") {
    const hosts = await topHosts({ clock, report, prefix: parsed.stack }, parsed);
    return parsed.json ? JSON.stringify(hosts, null, 2) : describeTopHosts(hosts, parsed).join("\n");
  }
  const { json, place } = parsed;
  const table = await tableAt(place, addressesOf);
  const deps = tableOf(table);
  const inForm = <T>(found: T, describe: (found: T) => readonly string[]): string =>
    json ? JSON.stringify(found ?? null, null, 2) : describe(found).join("\n");
  return toldBy({ called: "The rules of hosts", table }, async () => {
    if (parsed.kind === "show") return inForm(await shown(deps, parsed.host), describeHost);
    const rules =
      parsed.kind === "change"
        ? await commandHostRule(deps, parsed.planned, parsed.by ?? userName())
        : await readHostRules(deps.items);
    return inForm(rules, describeRules);
  });
}

async function shown({ clock, items }: DocumentDeps, host: string): Promise<HostShown> {
  const [item, rules] = await Promise.all([items.read(hostItemKey(host)), readHostRules(items)]);
  const { hostname } = new URL(`https://${host}`);
  const rule = rules?.rules.findLast(({ pattern }) => fitsHost(pattern, hostname));
  return { host, nowMs: clock.nowMs(), record: item && decodeHost(item), rule };
}
