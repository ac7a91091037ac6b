/** All alarms of a template, evaluated minute by minute. */
import { type Assumptions, type Evaluation, evaluationOf, USUAL } from "./metric-alarm.ts";
import { compileRule, type Rule } from "./rule.ts";
import type { AlarmState } from "./state.ts";
import type { MetricStore } from "./store.ts";
import { arnOf, compositeAlarmsOf, metricAlarmsOf, type Template } from "./template.ts";

export interface Transition {
  readonly minute: number;
  readonly alarm: string;
  readonly to: AlarmState;
  /** Whether its actions are kept back, because the alarm that suppresses them is in ALARM. */
  readonly isKeptBack?: true;
}

export class Watch {
  readonly #evaluations: readonly (readonly [name: string, evaluation: Evaluation])[];
  readonly #composites: readonly (readonly [
    name: string,
    rule: { readonly holds: Rule },
    suppressor: string | undefined,
  ])[];
  readonly #states = new Map<string, AlarmState>();
  readonly #byReference = new Map<string, string>();

  /** @param only the names of the alarms to evaluate; a composite's children come with it. All by default. */
  constructor(template: Template, store: MetricStore, only?: readonly string[], assumptions: Assumptions = USUAL) {
    const metricAlarms = metricAlarmsOf(template);
    const composites = compositeAlarmsOf(template).map(({ id, name, rule, suppressor }) => {
      const { holds, alarms } = compileRule(rule);
      return { id, name, holds, alarms, suppressor };
    });
    for (const { id, name } of [...metricAlarms, ...composites]) {
      if (this.#byReference.has(name)) throw new Error(`two alarms are named ${name}`);
      this.#byReference.set(name, name).set(arnOf(id), name);
    }
    const wanted = new Set(only ?? [...this.#byReference.values()]);
    for (const { name, suppressor = "" } of composites)
      if (wanted.has(name) && suppressor !== "") {
        const known = this.#byReference.get(suppressor);
        if (known === undefined) throw new Error(`${name} is suppressed by ${suppressor}, which is no alarm`);
        wanted.add(known);
      }
    const isOf = (group: typeof composites, reference: string): boolean =>
      group.some(({ name }) => name === this.#byReference.get(reference));
    const outer = composites.filter(({ alarms }) => alarms.some((child) => isOf(composites, child)));
    const inner = composites.filter((composite) => !outer.includes(composite));
    for (const { name, alarms } of [...outer, ...inner])
      for (const child of alarms) {
        const known = this.#byReference.get(child);
        if (known === undefined) throw new Error(`${name} waits for ${child}, which is no alarm`);
        if (isOf(outer, child)) throw new Error(`${name}: composites three deep are not supported`);
        if (wanted.has(name)) wanted.add(known);
      }
    for (const name of wanted) {
      if (!this.#byReference.has(name)) throw new Error(`there is no alarm ${name}`);
      this.#states.set(name, "INSUFFICIENT_DATA");
    }
    this.#evaluations = metricAlarms
      .filter(({ name }) => wanted.has(name))
      .map((alarm) => [alarm.name, evaluationOf(template, alarm, store, assumptions)]);
    this.#composites = [...inner, ...outer]
      .filter(({ name }) => wanted.has(name))
      .map(({ name, holds, suppressor }) => [name, { holds }, suppressor]);
  }

  stateOf(reference: string): AlarmState {
    const state = this.#states.get(this.#byReference.get(reference) ?? "");
    if (state === undefined) throw new Error(`${reference} is not watched`);
    return state;
  }

  /** Evaluates the metric alarms that are due at this minute, and then the composites. */
  step(minute: number): readonly Transition[] {
    const changes: Transition[] = [];
    const change = (alarm: string, from: AlarmState, to: AlarmState, suppressor?: string): void => {
      if (from === to) return;
      this.#states.set(alarm, to);
      const isKeptBack = suppressor !== undefined && this.stateOf(suppressor) === "ALARM";
      changes.push({ minute, alarm, to, ...(isKeptBack && { isKeptBack }) });
    };
    for (const [name, { evaluate, every }] of this.#evaluations) {
      if (minute % every !== 0) continue;
      const current = this.stateOf(name);
      change(name, current, evaluate(minute, current));
    }
    for (const [name, { holds }, suppressor] of this.#composites)
      change(name, this.stateOf(name), holds((alarm) => this.stateOf(alarm)) ? "ALARM" : "OK", suppressor);
    return changes;
  }

  run(from: number, to: number): readonly Transition[] {
    const changes: Transition[] = [];
    for (let minute = from; minute <= to; minute++) changes.push(...this.step(minute));
    return changes;
  }
}
