import type { OriginAnswer } from "../services/origin.ts";
import type { Fault } from "../services/process.ts";
import { LONGEST_REQUEST_MS } from "../services/settings.ts";
import type { Dice } from "../services/time.ts";
import type { Simulation } from "../simulation.ts";

/** What a fault may affect beside the call that it strikes. */
export interface Scene {
  readonly simulation: Simulation;
  readonly dice: Dice;
  /** A wrong body is noticed: by its length, or by the digest that the message names. */
  readonly isBodyChecked: boolean;
  readonly isDigestKnown: boolean;
  /** Sets the next answer to a GET or HEAD. */
  answerWith(method: string, answer: OriginAnswer): void;
}

export type Draw = (scene: Scene) => Fault | undefined;

const named = (name: string): Error => Object.assign(new Error(name), { name });
export const failBefore = (name: string) => (): Fault => ({ kind: "fail before", error: named(name) });
export const failAfter = (name: string) => (): Fault => ({ kind: "fail after", error: named(name) });
export const repeat = (): Fault => ({ kind: "repeat" });
/** While an operator may close the gate: a write comes before its job's message does again (docs/proof.md). */
const SOON_MS = 500;
export const soonAtTable = (fault: Fault | undefined, port: string): Fault | undefined =>
  fault?.kind === "late" && port === "items" ? { ...fault, byMs: Math.min(fault.byMs, SOON_MS) } : fault;
export const late: Draw = ({ dice }) => ({
  kind: "late",
  byMs: dice.below(LONGEST_REQUEST_MS),
  error: named("TimeoutError"),
});
