/** Hundreds of ways in which origins are broken, slow or hostile, through the real command. */
import { hash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { present } from "../../../core/model/present.ts";
import { expectNoStackTrace, soon } from "../../e2e/get/support.ts";
import { CASES, ROOMS } from "./behaviours/all.ts";
import type { HostileCase, RunName } from "./case.ts";
import { HostileOrigin } from "./origin.ts";
import { processesOf, runHostile, type HostileRun } from "./run.ts";

const RUNS = ["usual", "strict", "patient"] as const satisfies readonly RunName[];
const runs = new Map<RunName, HostileRun>();
const end = new AsyncDisposableStack();
let origin: HostileOrigin;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "fetchonce-hostile-"));
  end.defer(async () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
  origin = end.use(await HostileOrigin.start(CASES));
  await Promise.all(
    RUNS.map(async (name) => {
      const cases = CASES.filter(({ run }) => run === name);
      runs.set(name, await runHostile(name, cases, origin, folder));
    }),
  );
});

afterAll(async () => end.disposeAsync());

const runOf = (name: RunName): HostileRun => present(runs.get(name), `the run ${name}`);

it("there are at least 700 behaviours, and each has a name and a sentence of its own", () => {
  expect(CASES.length).toBeGreaterThanOrEqual(700);
  expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
  expect(new Set(CASES.map(({ what }) => what)).size).toBe(CASES.length);
});

for (const [room, cases] of Object.entries(ROOMS)) {
  describe(`hostile origins: ${room}`, () => {
    for (const each of cases)
      it(`${each.what} (${each.name})`, () => {
        expect(seen(each)).toMatchObject({ ...wanted(each), ...each.result });
        const gets = origin.visits(each.name).of("GET");
        expect(gets, "GET requests").toBeLessThanOrEqual(each.mostGets);
        expect(gets, "GET requests").toBeGreaterThanOrEqual(each.leastGets);
      });
  });
}

function seen(each: HostileCase): Readonly<Record<string, unknown>> {
  const { failureClass, result, sha256 } = runOf(each.run).outcome(each);
  // The same bytes as those of another case are stored once.
  const state = result?.state === "DEDUPED" ? "INDEXED" : result?.state;
  return { ...result, state, failureClass, digestOfFile: sha256 };
}

function wanted({ expected }: HostileCase): Readonly<Record<string, unknown>> {
  if (expected.kind === "failed") {
    const { attempts, failureClass, reason } = expected;
    return { state: "FAILED", reason, failureClass, attempts, sha256: null, path: null };
  }
  const { body } = expected;
  const digest = hash("sha256", body);
  return { state: "INDEXED", reason: null, bytes: body.length, sha256: digest, digestOfFile: digest };
}

describe.each(RUNS)("the %s run over hostile origins", (name) => {
  it("ends by itself, says that some failed, and shows no stack trace", () => {
    const { ended } = runOf(name);
    expect(ended).toMatchObject({ code: 1, stderr: "" });
    expectNoStackTrace(ended);
  });

  it("has a line in its results for each URL", () => {
    const run = runOf(name);
    expect(run.cases.filter((each) => run.outcome(each).result === undefined).map((each) => each.name)).toEqual([]);
  });

  it("names each failed URL with a sentence", () => {
    const run = runOf(name);
    const told = new Map(
      [...run.ended.stdout.matchAll(/^FAILED {2}(\S+): (?:given up after several tries: )?(.*)$/gm)].map(
        ([, url = "", sentence = ""]) => [url, sentence],
      ),
    );
    const failed = run.cases
      .flatMap((each) => run.outcome(each).result ?? [])
      .filter(({ state }) => state === "FAILED");
    const unexplained = failed.filter(({ url }) => !isSentence(told.get(url)));
    expect(unexplained.map(({ url }) => `${url}: ${told.get(url)}`)).toEqual([]);
    expect(failed).not.toEqual([]);
  });

  it("leaves no staging, no process and no connection behind", async () => {
    const run = runOf(name);
    expect(run.staging).toEqual([]);
    expect(processesOf(run)).toEqual([]);
    await soon(() => expect(origin.openSockets).toBe(0));
  });

  it("stores files below its folder alone", () => {
    const run = runOf(name);
    const paths = run.cases.flatMap((each) => run.outcome(each).result?.path ?? []);
    expect(paths.filter((path) => path.startsWith("/") || path.split("/").includes(".."))).toEqual([]);
  });
});

/** A reason that has no words is told by its code. */
const isSentence = (text: string | undefined): boolean => text !== undefined && /^(?!\S*_)\S+( \S+){3,}/.test(text);

it("hostile origins were asked for no path that belongs to no case", () => {
  expect(origin.strays).toEqual([]);
});
