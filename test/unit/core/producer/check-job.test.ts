import { describe, expect, it } from "vitest";
import vectors from "../../../../clients/vectors.json" with { type: "json" };
import { jobIdOf as idOfMessage, jobKeyOf } from "../../../../core/model/keys.ts";
import { type JobMessage, MESSAGE_FIELDS, parseMessage } from "../../../../core/model/message.ts";
import { canonicalUrl } from "../../../../core/model/url.ts";
import { checkJob, jobIdOf } from "../../../../core/producer/check-job.ts";
import { InvalidJobError } from "../../../../core/producer/errors.ts";
import type { Job } from "../../../../core/producer/job.ts";
import { isOwnField, PRODUCER_FIELDS } from "../../../../core/producer/producer-message.ts";
import { checkMessage } from "../../../../adapters/lists/entry/check-message.ts";

const ANY = "https://example.org/x";

function problemsOf(job: unknown): InvalidJobError["problems"] {
  try {
    checkJob(job as Job);
  } catch (error) {
    if (error instanceof InvalidJobError) return error.problems;
    throw error;
  }
  throw new Error(`Nobody refuses ${JSON.stringify(job)}.`);
}

describe("vectors.json", () => {
  it.each(vectors.jobs)("$name", ({ canonical_url, group, job, job_id, job_key }) => {
    const checked = checkJob(job);
    expect(checked).toMatchObject({ job_id, group });
    expect(canonicalUrl(job.url)).toBe(canonical_url);
    const message = parseMessage(checked.body) as JobMessage;
    expect([jobKeyOf(message), idOfMessage(message), message.url]).toEqual([job_key, job_id, job.url]);
  });

  it.each(vectors.invalid)("refused: $name", ({ field, job }) => {
    const problems = problemsOf(job);
    expect(problems.map((problem) => problem.field)).toContain(field);
    for (const { reason } of problems) expect(reason).toMatch(/write|leave|put|name|did you mean/);
  });

  it("has names that differ, and every field of a producer", () => {
    const names = [...vectors.jobs, ...vectors.invalid]
      .map(({ name }) => name)
      .filter((name) => !name.startsWith("..."));
    expect(new Set(names).size).toBe(names.length);
    const fields = vectors.jobs.flatMap(({ job }) => Object.keys(job));
    expect([...new Set(fields)].sort()).toEqual([...PRODUCER_FIELDS].sort());
  });
});

describe("a job", () => {
  it("whose names are left out is the job that a list would make of the URL", () => {
    const url = "https://example.org/papers/a.pdf?v=2";
    expect(jobIdOf({ url })).toBe(idOfMessage(checkMessage({ url }) as JobMessage));
  });

  it("may hold fields that are undefined", () => {
    expect(checkJob({ url: ANY, sha256: undefined, work_id: undefined, metadata: undefined })).toMatchObject({
      body: expect.not.stringMatching(/sha256|metadata/),
    });
  });

  it("is sent in ASCII", () => {
    expect(checkJob({ url: "https://example.org/ü", work_id: "🙂" }).body).toMatch(/^[\x20-\x7e]*$/);
  });

  it("with all that it may say fits into a message of 1 MiB", () => {
    const long = "https://example.org/".padEnd(8192, "漢");
    const text = "漢".repeat(512);
    const headers = Object.fromEntries(
      Array.from({ length: 16 }, (_, i) => [`${i}`.padEnd(100, "a"), '"'.repeat(1000)]),
    );
    const job = {
      url: long,
      mirrors: Array<string>(8).fill(long),
      work_id: text,
      artifact_id: text,
      identity: text,
      headers,
    };
    expect(checkJob(job).body.length).toBeLessThan(1_048_576);
  });

  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  it.each([
    { what: "that is no object", job: "https://example.org/x", field: "", reason: "not an object" },
    { what: "that is null", job: null, field: "", reason: "not an object" },
    {
      what: "whose metadata hold themselves",
      job: { url: ANY, metadata: cycle },
      field: "metadata",
      reason: "not JSON",
    },
    {
      what: "whose metadata hold a bigint",
      job: { url: ANY, metadata: { a: 1n } },
      field: "metadata",
      reason: "JSON",
    },
    {
      what: "with a misspelled field",
      job: { url: ANY, sha_256: "" },
      field: "sha_256",
      reason: "did you mean sha256?",
    },
    {
      what: "that says what a worker says",
      job: { url: ANY, tracked: true },
      field: "tracked",
      reason: "by fetchonce itself",
    },
    {
      what: "with a secret",
      job: { url: ANY, headers: { Cookie: "a" } },
      field: "headers.Cookie",
      reason: "is a secret; name one with auth",
    },
    { what: "with half a character in its URL", job: { url: `${ANY}\ud83d` }, field: "url", reason: "as UTF-8" },
    {
      what: "with half a character in a name",
      job: { url: ANY, work_id: "\udc00" },
      field: "work_id",
      reason: "as UTF-8",
    },
    {
      what: "with half a character in metadata",
      job: { url: ANY, metadata: { a: ["\ud83d"] } },
      field: "metadata",
      reason: "as UTF-8",
    },
    {
      what: "with half a character in a name of metadata",
      job: { url: ANY, metadata: { "\ud83d": 1 } },
      field: "metadata",
      reason: "as UTF-8",
    },
    { what: "that names null", job: { url: ANY, md5: null }, field: "md5", reason: "leave it out" },
  ])("$what is refused, and the reason says what to do", ({ field, job, reason }) => {
    expect(problemsOf(job)).toEqual([{ field, reason: expect.stringContaining(reason) }]);
  });

  it("with two faults is told of both, and keeps itself in the error", () => {
    const job = { url: "example.org", md5: "1", bytes: -1 };
    expect(
      problemsOf(job)
        .map(({ field }) => field)
        .sort(),
    ).toEqual(["bytes", "md5", "url"]);
    expect(() => checkJob(job)).toThrow(expect.objectContaining({ name: "InvalidJobError", job }));
  });
});

it("a producer may set every field of a message but those that are ours", () => {
  expect(MESSAGE_FIELDS.filter((field) => !isOwnField(field))).toEqual(PRODUCER_FIELDS);
  expect(MESSAGE_FIELDS.filter(isOwnField)).toHaveLength(4);
});
