/** An incident, and what an operator wants to hear of it. Verdicts are decided before rules are changed, not after. */
import type { Assumptions } from "../cloudwatch/metric-alarm.ts";
import { USUAL } from "../cloudwatch/metric-alarm.ts";
import type { Template } from "../cloudwatch/template.ts";
import { Watch } from "../cloudwatch/watch.ts";
import { ENVIRONMENT, PREFIX } from "../prove.ts";
import { recorded } from "../tape.ts";
import { STEP, type Story, tapeOf } from "./plant.ts";

interface Loud {
  /** Docs/runbooks/ page of the first alarm of this severity. */
  readonly runbook: string;
  /** Minutes from the beginning of the fault. */
  readonly within: number;
}

interface Verdict {
  /** Undefined: nobody is woken. Once, or twice. */
  readonly page?: Loud & {
    /** Minutes after the end of the fault at which no page is on any more. */
    readonly over?: number;
  };
  /** Undefined: there may be a ticket, unless `silent`. */
  readonly ticket?: Loud;
  readonly silent?: true;
}

export interface Incident extends Story {
  readonly id: string;
  readonly verdict: Verdict;
  readonly why: string;
  /** How late metrics are. */
  readonly late?: Assumptions["late"];
}

/** In minutes since 1970. */
const START = 29_400_000;
/** The first windows have too little in them to look at. */
const WARM_UP = 30;
const MOST_PAGES = 2;

export type Severities = ReadonlyMap<string, { readonly severity: "page" | "ticket"; readonly runbook: string }>;

interface Said {
  /** Minutes since the beginning of the fault. */
  readonly at: number;
  readonly id: string;
  readonly severity: "page" | "ticket";
  readonly runbook: string;
}

/** What the alarms notify of, and when the last page was on. */
export function heardOf(
  incident: Incident,
  template: Template,
  severities: Severities,
  step = STEP,
): { readonly heard: readonly Said[]; readonly pagesUntil: number } {
  const { before, lasts, after, late } = incident;
  const store = recorded(template, ENVIRONMENT, START, tapeOf(incident));
  const names = [...severities.keys()].map((id) => PREFIX + id);
  const watch = new Watch(template, store, names, { ...USUAL, ...(late && { late }) });
  const heard: Said[] = [];
  let pagesUntil = -Infinity;
  for (let minute = WARM_UP; minute <= before + lasts + after; minute += step) {
    for (const { alarm, to, isKeptBack } of watch.step(START + minute)) {
      const id = alarm.slice(PREFIX.length);
      const said = severities.get(id);
      if (said && to === "ALARM" && !isKeptBack && minute > WARM_UP) heard.push({ at: minute - before, id, ...said });
    }
    for (const [id, { severity }] of severities)
      if (severity === "page" && watch.stateOf(PREFIX + id) === "ALARM") pagesUntil = minute;
  }
  return { heard, pagesUntil };
}

/** @returns what is wrong with what the alarms say, in words; nothing if all is as wanted. */
export function faultsOf(
  incident: Incident,
  template: Template,
  severities: Severities,
  step = STEP,
): readonly string[] {
  const { before, lasts, verdict } = incident;
  const { heard, pagesUntil } = heardOf(incident, template, severities, step);
  const told = heard.map(({ at, id }) => `${id} at ${at}`).join(", ") || "nothing";
  const faults: string[] = [];
  const early = heard.filter(({ at }) => at < 0);
  if (early.length > 0) faults.push("an alarm before the fault");
  for (const severity of ["page", "ticket"] as const) {
    const wanted = verdict[severity];
    const spoke = heard.filter((each) => each.severity === severity);
    const [first] = spoke;
    if (wanted && !first) faults.push(`no ${severity}`);
    if (wanted && first && first.at > wanted.within) faults.push(`a ${severity} only after ${first.at} minutes`);
    if (wanted && first && !spoke.some(({ runbook }) => runbook === wanted.runbook))
      faults.push(`no ${severity} with the runbook ${wanted.runbook}`);
    if (!wanted && first && (severity === "page" || verdict.silent)) faults.push(`a ${severity} that nobody wants`);
    if (severity === "page" && spoke.length > MOST_PAGES) faults.push(`${spoke.length} pages`);
  }
  const over = verdict.page?.over;
  if (over !== undefined && pagesUntil > before + lasts + over)
    faults.push(`a page is on ${pagesUntil - before - lasts} minutes after the end`);
  return faults.map((fault) => `${fault} (heard: ${told})`);
}
