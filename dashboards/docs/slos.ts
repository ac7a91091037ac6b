import { readFileSync } from "node:fs";
import { z } from "zod";
import { type Alarm, type AlarmSettings, minutesInWords, percent } from "../catalogue/alarm.ts";
import { alarmsOf } from "../catalogue/alarms.ts";
import { badRatioOf, type BurnRule, budgetOf, LEAST_BAD_EVENTS, type Slo, SLOS } from "../catalogue/slos.ts";

const BASELINE = new URL("../../bench/results/slo-baseline.json", import.meta.url);

const result = z.object({
  date: z.string(),
  machine: z.object({ processor: z.string(), cores: z.number() }),
  figures: z.array(z.object({ what: z.string(), value: z.number().nullable(), unit: z.string() })),
  remarks: z.string(),
});

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const table = (heading: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(heading), `|${"---|".repeat(heading.length)}`, ...rows.map(row)].join("\n");

const code = (text: string): string => `\`${text}\``;
const link = ({ id, runbook }: Alarm): string => `[${id}](runbooks/${runbook}.md#${id})`;
const windowOf = (days: number): string => (days === 1 ? "a day" : `${days} days`);

function objectives(figure: (what: string) => string): string {
  return table(
    ["objective", "good events, of valid", "over", "bad / valid", "measured baseline"],
    SLOS.map((slo) => [
      `[${slo.title}](runbooks/${slo.runbook}.md)`,
      `${percent(slo.objective)} (budget ${percent(budgetOf(slo))})`,
      windowOf(slo.windowDays),
      `${code(slo.bad)} / ${slo.total.map(code).join(" + ")}`,
      `${figure(`${slo.id}: good`)} of ${figure(`${slo.id}: events`)}`,
    ]),
  );
}

const ruleRow = (slo: Slo, rule: BurnRule, alarms: readonly Alarm[]): readonly string[] => [
  ...alarms.filter(({ id }) => id === `${slo.id}-${rule.id}`).map(link),
  rule.severity,
  minutesInWords(rule.longMinutes) + (rule.shortMinutes === undefined ? "" : ` + ${minutesInWords(rule.shortMinutes)}`),
  String(rule.factor),
  percent(badRatioOf(slo, rule)),
  String(rule.leastEvents),
];

const others = (alarms: readonly Alarm[]): string =>
  table(
    ["alarm", "severity", "guards", "what happened", "why that threshold"],
    alarms
      .filter(({ kind }) => kind !== "burn")
      .map((alarm) => [link(alarm), alarm.severity, alarm.slo ?? "", alarm.happened, alarm.why]),
  );

/** What is written about an alarm holds in every environment, whatever its own figures. */
const ANY_SETTINGS: AlarmSettings = { workerTimeoutMs: 0, visibilityTimeoutMs: 0, ledgerGrowthADay: 0 };

export function slosMarkdown(): string {
  const { date, machine, figures, remarks } = result.parse(JSON.parse(readFileSync(BASELINE, "utf8")));
  const figure = (what: string): string => {
    const found = figures.find((candidate) => candidate.what === what);
    if (!found) throw new RangeError(`The baseline has no figure "${what}". Run: npm run bench slo-baseline`);
    return found.value === null ? "no events" : `${found.value.toLocaleString("en-US")} ${found.unit}`.trim();
  };
  const alarms = alarmsOf(ANY_SETTINGS);
  const timings = figures.filter(({ what }) => !what.includes(": "));
  return `<!-- Generated from dashboards/catalogue by \`npm run generate\`. -->
# Objectives and alarms

An event is good or bad; an objective is the share of good ones among the valid. Work is valid unless the origin said no or our
policy refused it. Latency is counted the same way (the share of slow events), which holds at low traffic, where percentiles
do not. The same catalogue makes the alarms, the CloudWatch and the Grafana dashboard, [OpenSLO](../dashboards/openslo.yaml),
and the report at the end of a local run.

${objectives(figure)}

The baseline is a run on a laptop, \`npm run bench slo-baseline\` of ${date.slice(0, 10)} on ${machine.cores} cores (${machine.processor}):
${remarks} It says what the pipeline does when nothing but that is wrong; it is no forecast of AWS.

${table(
  ["of the same run", ""],
  timings.map(({ what }) => [what, figure(what)]),
)}

## How fast the budget is spent

An alarm holds when the share of bad events is at least so large over the long window *and* over the short one, which tells
that it still goes on. Factor = share of the budget x the objective's window / the long window. In the long window there
must be so many valid events at least, ${LEAST_BAD_EVENTS} of them bad; in the short one a single bad event will do. A long window alone is the
objective's own: the budget is spent.

${table(
  ["alarm", "severity", "windows", "factor", "bad events", "least events"],
  SLOS.flatMap((slo) => slo.rules.map((rule) => ruleRow(slo, rule, alarms))),
)}

## Where there is little to count, and beyond the objectives

Below the least events a burn rule keeps silent, so each objective has alarms that do not need them.

${others(alarms)}
`;
}
