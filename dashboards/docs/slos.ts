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
    ["objective", "good events among valid events", "over", "bad / valid", "measured baseline"],
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
    ["alarm", "severity", "guards", "what happened", "why this threshold"],
    alarms
      .filter(({ kind }) => kind !== "burn")
      .map((alarm) => [link(alarm), alarm.severity, alarm.slo ?? "", alarm.happened, alarm.why]),
  );

/** Results store their remarks as one text. */
const listOfSentences = (text: string): string =>
  text
    .split(/(?<=\.) /)
    .map((sentence) => `- ${sentence}`)
    .join("\n");

/** An alarm's text is the same in every environment that has it. One that announces and archives has all. */
const ANY_SETTINGS: AlarmSettings = {
  workerTimeoutMs: 0,
  longWorkerTimeoutMs: 0,
  ledgerGrowthADay: 0,
  expiredRecords: "archive",
  announcements: "single",
};

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

An event is good or bad. An objective is the share of good events among the valid ones. Work is valid unless the origin
refused it or our policy did. Latency is counted in the same way, as the share of slow events. Unlike a percentile, that
also works at low traffic. The same catalogue makes the alarms, the CloudWatch dashboard, the Grafana dashboard,
[OpenSLO](../dashboards/openslo.yaml), and the report at the end of a local run.

${objectives(figure)}

The baseline is a run on a laptop: \`npm run bench slo-baseline\` of ${date.slice(0, 10)} on ${machine.cores} cores
(${machine.processor}). It shows what the pipeline does when nothing goes wrong but what is listed here. It does not
forecast AWS.

${listOfSentences(remarks)}

${table(
  ["in the same run", ""],
  timings.map(({ what }) => [what, figure(what)]),
)}

## How fast the budget is spent

An alarm fires when the share of bad events is at least the threshold over the long window *and* over the short window,
which shows that the burn still goes on. Factor = share of the budget x the objective's window / the long window. The
long window needs at least the given number of valid events, ${LEAST_BAD_EVENTS} of them bad. In the short window one bad event is
enough. An alarm without a short window has the objective's own window: the whole budget is spent.

${table(
  ["alarm", "severity", "windows", "factor", "bad events", "least events"],
  SLOS.flatMap((slo) => slo.rules.map((rule) => ruleRow(slo, rule, alarms))),
)}

## Alarms that need no least number of events

With fewer events than the least number, a burn rule is silent. Each objective also has alarms without such a minimum.
Others guard no objective.

${others(alarms)}
`;
}
