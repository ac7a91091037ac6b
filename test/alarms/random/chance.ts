/** Draws for traffic: how many events a minute has, and how many of them are bad. */
import type { Dice } from "../../simulation/services/time.ts";

/** From this number on, a normal distribution is close enough. */
const LARGE = 30;

export function poisson(dice: Dice, mean: number): number {
  if (mean <= 0) return 0;
  if (mean >= LARGE) return Math.max(0, Math.round(mean + Math.sqrt(mean) * gaussian(dice)));
  const limit = Math.exp(-mean);
  let events = 0;
  for (let product = dice.fraction(); product > limit; product *= dice.fraction()) events++;
  return events;
}

export function binomial(dice: Dice, events: number, probability: number): number {
  if (probability > 0.5) return events - binomial(dice, events, 1 - probability);
  const mean = events * probability;
  if (events <= LARGE) {
    let successes = 0;
    for (let event = 0; event < events; event++) if (dice.chance(probability)) successes++;
    return successes;
  }
  if (mean < LARGE) return Math.min(events, poisson(dice, mean));
  const deviation = Math.sqrt(mean * (1 - probability));
  return Math.min(events, Math.max(0, Math.round(mean + deviation * gaussian(dice))));
}

/** Uniform on a logarithmic scale: as many between 1 and 10 as between 10 and 100. */
export const anyMagnitude = (dice: Dice, least: number, most: number): number =>
  least * (most / least) ** dice.fraction();

const gaussian = (dice: Dice): number =>
  Math.sqrt(-2 * Math.log(1 - dice.fraction())) * Math.cos(2 * Math.PI * dice.fraction());
