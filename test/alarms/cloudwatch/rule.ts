/** The rule of a composite alarm: ALARM(...), OK(...), INSUFFICIENT_DATA(...), AND, OR, NOT, TRUE, FALSE. */
import type { AlarmState } from "./state.ts";
import { Tokens } from "./tokens.ts";

/** Whether the rule holds, given the state of each alarm by its name or ARN. */
export type Rule = (stateOf: (alarm: string) => AlarmState) => boolean;

const STATES: readonly AlarmState[] = ["ALARM", "OK", "INSUFFICIENT_DATA"];

/** @throws SyntaxError when the text is not a rule. */
export function compileRule(text: string): { readonly holds: Rule; readonly alarms: readonly string[] } {
  const tokens = new Tokens(text);
  const alarms: string[] = [];

  const either = (): Rule => {
    const left = both();
    if (tokens.take("OR") === undefined) return left;
    const right = either();
    return (stateOf) => left(stateOf) || right(stateOf);
  };
  const both = (): Rule => {
    const left = one();
    if (tokens.take("AND") === undefined) return left;
    const right = both();
    return (stateOf) => left(stateOf) && right(stateOf);
  };
  const one = (): Rule => {
    if (tokens.take("NOT") !== undefined) {
      const inner = one();
      return (stateOf) => !inner(stateOf);
    }
    const constant = tokens.take("TRUE", "FALSE");
    if (constant !== undefined) return () => constant === "TRUE";
    const word = tokens.take(...STATES);
    tokens.expect("(");
    if (word === undefined) {
      const inner = either();
      tokens.expect(")");
      return inner;
    }
    const alarm = tokens.any();
    tokens.expect(")");
    alarms.push(alarm.text);
    return (stateOf) => stateOf(alarm.text) === word;
  };

  const holds = either();
  tokens.end();
  return { holds, alarms };
}
