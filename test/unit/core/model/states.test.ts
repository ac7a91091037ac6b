import { describe, expect, it } from "vitest";
import {
  isJobState,
  isTerminal,
  JOB_STATES,
  mayFollow,
  OPEN_STATES,
  walk,
  type JobState,
} from "../../../../core/model/states.ts";

const ORDER: readonly JobState[] = [
  "PLANNED",
  "LEASED",
  "HEAD_DONE",
  "RESUME_OK",
  "STREAMING",
  "FINALIZED",
  "INDEXED",
  "DEDUPED",
  "FAILED",
];

it("job states only move forward", () => {
  const steps = JOB_STATES.flatMap((from) =>
    JOB_STATES.filter((to) => mayFollow(from, to)).map((to) => [from, to] as const),
  );
  expect(steps.filter(([from, to]) => ORDER.indexOf(to) <= ORDER.indexOf(from))).toEqual([]);
  expect(steps).toHaveLength(13);
});

it("every open state may go to FAILED, and no terminal state may go anywhere", () => {
  expect(JOB_STATES.filter((state) => mayFollow(state, "FAILED"))).toEqual(OPEN_STATES);
  expect(JOB_STATES.filter(isTerminal)).toEqual(["INDEXED", "DEDUPED", "FAILED"]);
});

it("isJobState accepts the name of a state and nothing else", () => {
  expect(isJobState("STREAMING")).toBe(true);
  expect(isJobState("LOST")).toBe(false);
});

describe("walk, the states of a path that are still ahead", () => {
  it.each([
    { from: "LEASED", path: ["HEAD_DONE", "RESUME_OK", "STREAMING"], ahead: ["HEAD_DONE", "RESUME_OK", "STREAMING"] },
    { from: "RESUME_OK", path: ["HEAD_DONE", "RESUME_OK", "STREAMING"], ahead: ["STREAMING"] },
    { from: "STREAMING", path: ["HEAD_DONE", "RESUME_OK", "STREAMING"], ahead: [] },
    { from: "STREAMING", path: [], ahead: [] },
  ] as const)("is $ahead from $from along $path", ({ from, path, ahead }) => {
    expect(walk(from, path)).toEqual(ahead);
  });

  it.each([
    { from: "LEASED", path: ["STREAMING"] },
    { from: "FINALIZED", path: ["HEAD_DONE"] },
    { from: "INDEXED", path: ["FAILED"] },
  ] as const)("refuses a transition that is not in the table: $from to $path", ({ from, path }) => {
    expect(() => walk(from, path)).toThrow(`A job may not go from ${from} to ${path[0]}`);
  });
});
