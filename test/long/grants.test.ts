/** Every call is granted and every grant is used, judged by what the functions call in all scenarios. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { covers, Grants } from "../infra/grants/granted.ts";
import { neededFor, type Permission } from "../infra/grants/iam-actions.ts";
import { EXPECTED, playScenarios, type Played } from "../infra/grants/scenarios.ts";
import { Stage } from "../infra/grants/stage.ts";
import { temporaryFolder } from "../infra/synthesize.ts";

/** 20 s on an idle machine. `until` gives up earlier, and says what it waits for. */
const LONGEST_PLAY_MS = 300_000;

const outdir = temporaryFolder();
const cleanup = new AsyncDisposableStack();
let stage: Stage;
let played: Played;
let functions: readonly { readonly name: string; granted: readonly Permission[]; needed: readonly Permission[] }[];

beforeAll(async () => {
  stage = await Stage.set(cleanup, outdir);
  played = await playScenarios(stage);
  const grants = new Grants(stage.template, stage.resolve);
  functions = stage.functionNames.map((name) => ({
    name,
    granted: grants.of(name),
    needed: [
      ...stage.recorder.calls.filter(({ caller }) => caller === name).flatMap(neededFor),
      ...grants.usedByLambda(name),
    ],
  }));
}, LONGEST_PLAY_MS);
afterAll(async () => cleanup.disposeAsync());

/** One line per distinct permission. */
const shown = (functionName: string, permissions: readonly Permission[]): readonly string[] => [
  ...new Set(permissions.map(({ action, resource }) => `${functionName} ${action} ${resource}`)),
];

describe("the functions of prod's template, in all scenarios together", () => {
  it("end each scenario as expected", () => {
    expect(played).toEqual(EXPECTED);
  });

  it("are all invoked", () => {
    expect(new Set(stage.recorder.calls.map(({ caller }) => caller))).toEqual(new Set(stage.functionNames));
  });

  it("make no call that is not granted", () => {
    const notGranted = functions.flatMap(({ name, granted, needed }) =>
      shown(
        name,
        needed.filter((need) => !granted.some((grant) => covers(grant, need))),
      ),
    );
    expect(notGranted).toEqual([]);
  });

  it("have no grant that none of their calls needs", () => {
    const neverCalled = functions.flatMap(({ name, granted, needed }) =>
      shown(
        name,
        granted.filter((grant) => !needed.some((need) => covers(grant, need))),
      ),
    );
    expect(neverCalled).toEqual([]);
  });
});

describe("a grant of s3:GetObject on arn:aws:s3:::bucket/staging/*/*", () => {
  const granted = { action: "s3:GetObject", resource: "arn:aws:s3:::bucket/staging/*/*" };
  it.each([
    { needed: { action: "s3:GetObject", resource: "arn:aws:s3:::bucket/staging/job/7" }, isCovered: true },
    { needed: { action: "s3:PutObject", resource: "arn:aws:s3:::bucket/staging/job/7" }, isCovered: false },
    { needed: { action: "s3:GetObject", resource: "arn:aws:s3:::bucket/sha256/ab" }, isCovered: false },
    { needed: { action: "s3:GetObject", resource: "arn:aws:s3:::bucket/staging/job" }, isCovered: false },
    { needed: { action: "s3:GetObject", resource: "arn:aws:s3:::bucket-of-others/staging/job/7" }, isCovered: false },
  ])("covers $needed.action $needed.resource: $isCovered", ({ needed, isCovered }) => {
    expect(covers(granted, needed)).toBe(isCovered);
  });
});
