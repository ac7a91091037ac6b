import { readFileSync } from "node:fs";
import { z } from "zod";
import { type Alarm, type AlarmSettings, minutesInWords, percent } from "../catalogue/alarm.ts";
import { alarmsOf } from "../catalogue/alarms.ts";
import { CANARY, caught } from "../catalogue/canary.ts";
import { tiersInWords } from "../catalogue/burn-alarms.ts";
import { type BurnRule, budgetOf, type Slo, SLOS } from "../catalogue/slos.ts";

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
  minutesInWords(rule.longMinutes) + (rule.short ? ` + ${minutesInWords(rule.short.minutes)}` : ""),
  String(rule.factor),
  tiersInWords(rule.tiers),
  rule.isWithoutWorstHost ? "all but the worst" : "all",
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

An alarm fires when the share of bad events, and their number, are at least those of one of its tiers over the long
window. The fewer events there are, the larger the share must be: that is what makes chance wake nobody and a total
failure at three jobs an hour wake somebody. Factor = share of the budget x the objective's window / the long window.

What pages has a short window too: the alarm is over when that window has next to no bad event. While
\`job-completion-slow\` is on, \`job-completion-fast\` notifies nobody. Both leave out the failures of the worst host: if
one host is down, [host-failing](runbooks/host-failing.md) is the ticket, and the budget still counts its jobs.

${table(
  ["alarm", "severity", "windows", "factor", "share and number of bad events", "hosts"],
  SLOS.flatMap((slo) => slo.rules.map((rule) => ruleRow(slo, rule, alarms))),
)}

## Other alarms

They guard what a share cannot show: work that does not move, parts that are silent, and what is wrong in itself.

${others(alarms)}

## How new code is judged

${CANARY.percent} % of the invocations go to new code for ${CANARY.minutes} minutes (\`codeDeployment\`). It is judged by its own figures,
whatever the rest of the pipeline does, and each lane by its own alarm. It is taken back if at least ${CANARY.leastFailures} of its
invocations have failed, or have failed a job, or found it impossible to work on one, and at least one of ${CANARY.oneOf}. This
share of broken builds is caught, if invocations come at random; what comes again after a failure makes it more.

${table(
  ["invocations a minute", "all fail", "half fail", "a tenth fails"],
  [0.05, 0.2, 0.5, 1, 2, 5, 20, 100].map((rate) => {
    const share = (failing: number): string => percent(Math.floor(caught(rate, failing) * 100_000) / 100_000);
    return [String(rate), share(1), share(0.5), share(0.1)];
  }),
)}

No alarm of the tables above stops a deployment, so a page cannot bar the code that mends what it is about.
`;
}
