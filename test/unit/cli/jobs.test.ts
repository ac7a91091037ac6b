import { describe, expect, it } from "vitest";
import type { JobFilter } from "../../../adapters/aws/operators/scanned-jobs.ts";
import type { JobPages } from "../../../core/ports/items.ts";
import type { Item } from "../../../core/model/write.ts";
import { simulatedClock } from "../../simulation/world.ts";
import { operated } from "./operated.ts";

const clock = simulatedClock();
const nowMs = clock.nowMs();
const MINUTE_MS = 60_000;

const job = (id: string, changes: Item = {}): Item => ({
  pk: `JOB#${id}`,
  state: "LEASED",
  work_id: "w",
  artifact_id: id,
  url: `https://example.org/${id}`,
  planned_at: nowMs - 60 * MINUTE_MS,
  fence: 1,
  attempts: 1,
  strikes: 1,
  ...changes,
});
const FAILED = { state: "FAILED", reason: "http_404", failure_class: "origin", failed_at: nowMs - 5 * MINUTE_MS };
const ITEMS = [
  job("held", { lease_owner: "a", available_at: nowMs + 1 }),
  job("waits", { available_at: nowMs + 1, url: "http://other.example:8080/x", planned_at: nowMs - 1_500 }),
  job("gone", FAILED),
  job("damaged", { fence: "nine" }),
];

/** A table with a page for every two of these items. */
function table(items: readonly Item[] = ITEMS) {
  const asked: { readonly table: string; readonly filter: JobFilter }[] = [];
  const pagesOf = (name: string, filter: JobFilter): JobPages => {
    asked.push({ table: name, filter });
    return {
      page: async (from) => {
        const start = Number(from ?? 0);
        const next = start + 2;
        const page = { items: items.slice(start, next), scanned: 10, readUnits: 0.5 };
        return Promise.resolve(next < items.length ? { ...page, next: String(next) } : page);
      },
    };
  };
  const jobs = async (...argv: readonly string[]) =>
    operated(["jobs", "--stack", "fetchonce-prod", ...argv], { clock, pagesOf });
  return { asked, jobs };
}

const idsIn = (text: string): readonly string[] =>
  text
    .trimEnd()
    .split("\n")
    .flatMap((line) => (JSON.parse(line) as { readonly job_id?: string }).job_id ?? []);

describe("fetchonce jobs", () => {
  it("lists all jobs, one a line, and says what that cost", async () => {
    const { asked, jobs } = table();
    expect(await jobs()).toEqual({
      code: 0,
      stdout: [
        "LEASED     held         1 h 0 min  held  -  https://example.org/held",
        "LEASED     delayed          1.5 s  waits  -  http://other.example:8080/x",
        "FAILED     failed       5 min 0 s  gone  origin:http_404  https://example.org/gone",
        'damaged    The record "JOB#damaged" cannot be read: its field fence is "nine", where a number is expected. Look at' +
          " the item; a newer release may read it.",
        "4 jobs. Scanned 20 items for 1 read unit.",
        "",
      ].join("\n"),
      stderr: "",
    });
    expect(asked).toEqual([{ table: "jobs-of-prod", filter: {} }]);
  });

  it("--json has a line for each job and a summary, and nothing else", async () => {
    const { stdout } = await table([job("gone", FAILED)]).jobs("--json");
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      {
        type: "job",
        job_id: "gone",
        state: "FAILED",
        situation: "failed",
        url: "https://example.org/gone",
        host: "example.org",
        work_id: "w",
        artifact_id: "gone",
        planned_at_ms: nowMs - 60 * MINUTE_MS,
        failed_at_ms: nowMs - 5 * MINUTE_MS,
        failure_class: "origin",
        reason: "http_404",
        attempts: 1,
        fence: 1,
        lease_owner: null,
        available_at_ms: null,
        watch_at_ms: null,
        lane: "short",
        staged_bytes: null,
        bytes: null,
        sha256: null,
      },
      { type: "summary", jobs: 1, is_complete: true, scanned: 10, read_units: 0.5 },
    ]);
  });

  it.each<[string[], string[]]>([
    [
      ["--host", "example.org"],
      ["held", "gone"],
    ],
    [["--host", "Other.example:8080"], ["waits"]],
    [["--older-than", "10m"], ["held"]],
    [
      ["--newer-than", "10m"],
      ["waits", "gone"],
    ],
    [["--older-than", "1m", "--newer-than", "10m"], ["gone"]],
  ])("%j lists %j", async (argv, ids) => {
    const { stdout } = await table(ITEMS.slice(0, 3)).jobs(...argv, "--json");
    expect(idsIn(stdout)).toEqual(ids);
  });

  it("has the table filter by state, class, work and reason", async () => {
    const { asked, jobs } = table();
    await jobs("--state", "FAILED", "--class", "origin", "--work", "w", "--reason", "404");
    const filter = { states: ["FAILED"], failureClass: "origin", workId: "w", reason: "404" };
    expect(asked).toEqual([{ table: "jobs-of-prod", filter }]);
  });

  it("stops at the limit, and says that there are more", async () => {
    const { jobs } = table();
    expect((await jobs("--limit", "1")).stdout).toMatch(
      /^LEASED .*\n1 job\. Scanned 10 items for 0\.5 read units\.\nThere are more: the limit of 1 is reached\.\n$/,
    );
    expect((await jobs("--limit", "4")).stdout).not.toContain("There are more");
  });

  it.each<[string[], string]>([
    [["--state", "DONE"], "Allowed choices are PLANNED, LEASED, "],
    [["--host", "https://example.org/"], "It must be a host like example.org, or example.org:8443."],
    [["--older-than", "2h", "--newer-than", "1h"], "--older-than must be shorter than --newer-than"],
    [["--limit", "none"], "It must be a whole number above 0."],
    [["more"], "too many arguments"],
    [["--stack", "prod"], "There is no stack prod."],
  ])("%j ends with exit code 2 and says: %s", async (argv, sentence) => {
    expect(await table().jobs(...argv)).toEqual({ code: 2, stdout: "", stderr: expect.stringContaining(sentence) });
  });

  it("ends with exit code 1 if the table does not answer", async () => {
    const pagesOf = (): JobPages => ({ page: async () => Promise.reject(new Error("AccessDenied: not you")) });
    const ended = await operated(["jobs", "--stack", "fetchonce-prod"], { clock, pagesOf });
    expect(ended).toEqual({ code: 1, stdout: "", stderr: "AccessDenied: not you\n" });
  });
});
