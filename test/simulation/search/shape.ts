import type { JobMessage } from "../../../core/model/message.ts";
import type { Resource } from "../services/origin.ts";
import type { TargetedFault } from "./enabled.ts";

/** A schedule without its faults. All of it is drawn from the seed. */
export interface Shape {
  readonly messages: readonly (JobMessage | string)[];
  readonly resources: ReadonlyMap<string, Resource>;
  readonly digests: "none" | "right" | "wrong";
  readonly gate: number;
  readonly deadlineBufferMs: number;
  readonly workers: number;
  readonly latencyMs: number;
  /** How many messages are delivered again after everything has healed. */
  readonly finalDuplicates: number;
  /** When an operator reopens the failed jobs, in ms from the start. Empty if never. */
  readonly operatorAtMs: readonly number[];
  /** How many times the origin answers 404 to the GET of each file before it has the file. */
  readonly absentFirst: number;
  readonly mostBrokenConnections: number;
}

/** A fault at the nth call of a port. Its own seed decides which one, so that each fault can be left out alone. */
export interface PlannedFault {
  readonly at: number;
  readonly seed: number;
  /** Strikes the first call from the nth on that this kind of fault fits. Undefined: any call. */
  readonly of?: TargetedFault;
}

export const urlOf = (artifact: string): string => `https://origin.example/${artifact}`;

/** Whether every transfer can be resumed. Only then can a file finish that takes longer than one invocation. */
export const isResumable = (resources: ReadonlyMap<string, Resource>): boolean =>
  [...resources.values()].every(({ isChunked, ranges, validators }) => !isChunked && ranges && validators === "strong");

export const messageOf = (artifact: string): JobMessage => ({
  work_id: "work",
  artifact_id: artifact,
  url: urlOf(artifact),
});

export const resourceOf = (body: Buffer): Resource => ({
  versions: [body],
  validators: "strong",
  ranges: true,
  isChunked: false,
});

export function bodyOf(artifact: string, bytes: number): Buffer {
  const letters: string = Array.from({ length: bytes }, (_, at) => `${artifact}${at % 7}`).join("");
  return Buffer.from(letters.slice(0, bytes));
}
