/** Judges every mutant of an alarm: noticed, equivalent, missed, or refuted. */
import { Dice } from "../simulation/services/time.ts";
import { anyMagnitude } from "./random/chance.ts";
import { argumentFor } from "./equivalents.ts";
import type { ExpectedAlarm } from "./expectation.ts";
import { type Mutant, mutantsOf } from "./mutants.ts";
import { agree, misdirected, type Proof, proofOf } from "./prove.ts";
import type { Entry } from "./tape.ts";
import type { Template } from "./cloudwatch/template.ts";

export interface Judgement {
  /** Noticed by the series, by whom the alarm notifies, or because CloudWatch would refuse the alarm. */
  readonly noticed: number;
  /** Argued to make no difference: the number of mutants for each argument. */
  readonly equivalent: Readonly<Record<string, number>>;
  /** Neither noticed nor argued to make no difference. */
  readonly missed: readonly string[];
  /** Argued to make no difference, but a random tape shows one. */
  readonly refuted: readonly string[];
}

export function judged(expected: ExpectedAlarm, template: Template, randomTapes: number): Judgement {
  const proof = proofOf(expected, template);
  let noticed = 0;
  const equivalent: Record<string, number> = {};
  const missed: string[] = [];
  const refuted: string[] = [];
  for (const [index, mutant] of mutantsOf(expected, template).entries()) {
    const why = argumentFor(mutant);
    const name = `${mutant.alarm}: ${mutant.change}`;
    if (isNoticed(expected, proof, mutant)) noticed++;
    else if (why === undefined) missed.push(name);
    else {
      equivalent[why] = (equivalent[why] ?? 0) + 1;
      const dice = new Dice(index);
      for (let tape = 0; tape < randomTapes; tape++)
        if (!agree(expected, template, mutant.template, randomTape(expected, dice))) refuted.push(`${name}: ${why}`);
    }
  }
  return { noticed, equivalent, missed, refuted };
}

function isNoticed(expected: ExpectedAlarm, proof: Proof, mutant: Mutant): boolean {
  try {
    return (misdirected(expected, mutant.template) ?? proof.difference(mutant.template)) !== undefined;
  } catch {
    return true;
  }
}

/** Ten random entries of the alarm's series, at any minute, each up to 1,000 times. */
function randomTape({ tapes, conditions }: ExpectedAlarm, dice: Dice): readonly Entry[] {
  const all = Object.values(tapes).flat();
  const span = 3 * Math.max(...conditions.map(({ minutes, periods }) => minutes * periods));
  return Array.from({ length: 10 }, () =>
    Object.assign({}, dice.pick(all), { minute: dice.below(span), times: Math.floor(anyMagnitude(dice, 1, 1000)) }),
  );
}
