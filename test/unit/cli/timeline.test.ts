import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { jobIdOf } from "../../../core/producer/check-job.ts";
import type { Item } from "../../../core/model/write.ts";
import { simulatedItems } from "../../simulation/services/items.ts";
import { simulatedClock } from "../../simulation/world.ts";
import { operated, type Operated } from "./operated.ts";

const ON = ["--stack", "fetchonce-prod"];
const JOB = "6642a3be5d197867368a22654860dd92";
const clock = simulatedClock();
const nowMs = clock.nowMs();

const RECORD: Item = {
  pk: `JOB#${JOB}`,
  state: "STREAMING",
  work_id: "w1",
  artifact_id: "a1",
  url: "https://example.com/a.pdf",
  planned_at: nowMs - 7_200_000,
  fence: 9,
  attempts: 3,
  strikes: 1,
};
const HELD = { lease_owner: "worker-a", available_at: nowMs + 90_000, held_since: nowMs - 30_000 };
const TROUBLE = { reason: "http_503", failure_class: "origin" };

async function told(changes: Item, argv: readonly string[] = [JOB]): Promise<Operated> {
  const items = simulatedItems();
  const { pk: _, ...set } = { ...RECORD, ...changes };
  await items.write({ key: `JOB#${JOB}`, when: [[]], set });
  return operated(["timeline", ...argv, ...ON], { clock, tableOf: () => ({ clock, items }) });
}

describe("fetchonce timeline", () => {
  it("tells the whole story of a job that a worker holds", async () => {
    const checkpoint = {
      staged_by: "7",
      upload_id: "u",
      validator: '"v1"',
      total_bytes: 200 * 2 ** 20,
      offset: 64 * 2 ** 20,
      hash_state: "",
      parts_digest: "",
      content_type: "text/plain",
      mirror: "https://mirror.example/a.pdf",
    };
    const op_head = {
      type: "HEAD",
      key: "k",
      status: "DONE",
      fence: 7,
      at: nowMs - 7_000,
      result: { bytes: 209715200 },
    };
    const op_stream = { type: "STREAM", key: "k", status: "ABANDONED", fence: 8, at: nowMs - 6_000 };
    const more = { checkpoint, op_head, op_stream, hops: 2, lane: "long", resumed_bytes: 1024, redrives: 1 };
    const order = { mirrors: ["https://mirror.example/a.pdf"], identity: "doi:1" };
    const watched = { ...HELD, watch_at: nowMs + 90_000, redriven_from: "http_404", order };
    const { code, stderr, stdout } = await told({ ...watched, ...TROUBLE, ...more });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toBe(
      `Job      6642a3be5d197867368a22654860dd92  https://example.com/a.pdf
         work_id w1, artifact_id a1.
         Its identity stands for its URL in its id: doi:1.
         It has 1 mirror.
         The first lease planned it at 2027-01-15T06:00:00.000Z (2 h 0 min ago).
State    STREAMING, after 3 attempts.
         1 of them since it last advanced by a part, or was reopened: these count against the limit.
         2 invocations ended before the file, and handed it on.
         It is in the long lane.
         Operators reopened it 1 time; it had failed with http_404.
Lease    worker-a holds it under fence 9. The lease ends, unless it is renewed, at 2027-01-15T08:01:30.000Z (in 1 min 30 s). \
It has been held without a break since 2027-01-15T07:59:30.000Z (30.0 s ago).
         Every write under an older fence than 9 is refused.
Ledger   HEAD      done under fence 7 at 2027-01-15T07:59:53.000Z (7.0 s ago): bytes 209715200.
         STREAM    abandoned, and run again under fence 8 at 2027-01-15T07:59:54.000Z (6.0 s ago).
Bytes    The checkpoint has 64.0 MiB of 200.0 MiB (32 %), staged since fence 7: the next attempt goes on from there.
         They come from the mirror https://mirror.example/a.pdf.
         1.0 KiB were not fetched again after a break.
Trouble  Its last attempt ended with http_503: the origin answered 503 Service Unavailable (class origin).
Host     example.com: workers have noted nothing. It is unlimited, or was not asked for a week.
         Limits: no rule of operators fits, so the environment decides (hostLimits).
Next     The worker goes on, and renews its lease while it does.
         If the worker dies, the reconciler takes the lease away at its first run after 2027-01-15T08:01:30.000Z (in 1 min 30 s), \
raises the fence to 10, and sends a message to the long lane's queue.
`,
    );
  });

  const soon = nowMs + 60_000;
  const late = nowMs - 180_000;
  it.each<[string, string, Item, readonly string[]]>([
    [
      "is held, and not watched",
      "held",
      HELD,
      ["the job's message comes back once the lease has ended", "does not watch"],
    ],
    [
      "has an expired lease",
      "expired",
      { ...HELD, available_at: nowMs - 1_000, watch_at: nowMs - 1_000 },
      ["The reconciler takes the lease away at its next run (every minute), raises the fence to 10"],
    ],
    [
      "has an expired lease that nobody watches",
      "expired",
      { ...HELD, available_at: nowMs - 1_000 },
      ["Its message comes back when its visibility timeout ends", "look for its message in the dead letters"],
    ],
    [
      "was left by a dead worker, and by the reconciler as well",
      "expired",
      { ...HELD, available_at: late, watch_at: late },
      ["That is late: the reconciler should have looked at it 3 min 0 s ago. Look at its log"],
    ],
    [
      "is parked",
      "parked",
      { ...TROUBLE, available_at: nowMs + 1_800_000, watch_at: nowMs + 1_680_000 },
      [
        "It waits until 2027-01-15T08:30:00.000Z (in 30 min 0 s), because its last attempt ended with http_503. No message",
        "The reconciler sends one to the work queue at its first run after 2027-01-15T08:28:00.000Z",
      ],
    ],
    [
      "waits with its message",
      "delayed",
      { ...TROUBLE, available_at: soon, watch_at: soon + 300_000 },
      [
        "It waits until 2027-01-15T08:01:00.000Z (in 1 min 0 s), because its last attempt ended with http_503. A message in",
        "If that message is lost, the reconciler sends another at its first run after 2027-01-15T08:06:00.000Z",
      ],
    ],
    ["waits for its message alone", "delayed", { available_at: soon }, ["Only that message brings it back"]],
    [
      "was taken away from a dead worker",
      "available",
      { available_at: 0, watch_at: soon },
      ["A worker may take it now. It waits for its message in the work queue", "If that message is lost"],
    ],
    [
      "failed",
      "failed",
      { ...TROUBLE, state: "FAILED", failed_at: nowMs - 60_000, expires_at: nowMs / 1000 },
      [
        "FAILED since 2027-01-15T07:59:00.000Z (1 min 0 s ago), after 3 attempts.",
        "The record is kept until 2027-01-15T08:00:00.000Z.",
        "It failed with http_503: the origin answered 503 Service Unavailable (class origin).",
        "npm start -- redrive failed --stack fetchonce-prod --reason 'http_503' --dry-run",
      ],
    ],
    [
      "is stored",
      "stored",
      { state: "DEDUPED" },
      ["Nothing. It is done.", "Nobody holds it any more. Its last fence was 9."],
    ],
  ])("says what happens next to a job that %s", async (_what, situation, changes, sentences) => {
    const { stdout } = await told(changes);
    for (const sentence of sentences) expect(stdout).toContain(sentence);
    const asJson = JSON.parse((await told(changes, [JOB, "--json"])).stdout) as object;
    expect(asJson).toMatchObject({ job_id: JOB, stack: "fetchonce-prod", at_ms: nowMs, situation, record: changes });
  });

  it("says of a policy's refusal no more than holds for a deployed system", async () => {
    const { stdout } = await told({ state: "FAILED", reason: "private_address", failure_class: "policy" });
    expect(stdout).toContain("It failed with private_address: its address is private or loopback (class policy).");
  });

  it("gives neither a shell nor a terminal what an origin has written", async () => {
    const { stdout } = await told({
      state: "FAILED",
      reason: "type_not_allowed:a'; rm -r \u001b[2J",
      failure_class: "policy",
    });
    expect(stdout).toContain(String.raw`--reason 'type_not_allowed:a'\''; rm -r ${"\ufffd"}[2J' --dry-run`);
    expect(stdout).not.toContain("\u001b");
  });

  it("finds the job of a URL by the names of its message", async () => {
    const named = ["https://example.com/a.pdf", "--work", "w1", "--artifact", "a1"];
    expect((await told({}, named)).stdout).toContain(`Job      ${JOB}  https://example.com/a.pdf`);
    const refreshed = { url: "https://example.com/a.pdf", work_id: "w1", artifact_id: "a1", refresh: "2026" };
    const { code, stderr } = await told({}, [...named, "--refresh", "2026"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`its job would be ${jobIdOf(refreshed)}.`)]);
  });

  it.each<[string[], number, string]>([
    [["a.pdf"], 2, "a.pdf is neither a job's id (32 hex digits) nor a URL. Give one of them."],
    [["ftp://example.com/a"], 2, "url: only http and https are fetched, not ftp"],
    [["https://example.com/", "--work", ""], 2, "work_id:"],
    [["https://example.com/", "--identity", "doi:1"], 2, "artifact_id: missing beside an identity"],
    [[], 2, "missing required argument 'JOB_ID|URL'"],
    [
      ["0".repeat(32)],
      1,
      "Either no worker has taken it yet (its message is in a queue, or a dead letter: npm start -- status",
    ],
    [["https://example.com/b"], 1, "look for it: npm start -- jobs --stack fetchonce-prod --host example.com."],
  ])("%j ends with exit code %i and says: %s", async (argv, code, sentence) => {
    expect(await told({}, argv)).toEqual({ code, stdout: "", stderr: expect.stringContaining(sentence) });
  });

  it.each(globSync("test/unit/core/model/releases/*.json"))("tells the jobs of %s", async (path) => {
    const records = JSON.parse(readFileSync(path, "utf8")) as readonly Item[];
    expect(records.length).toBeGreaterThan(5);
    for (const record of records) expect(await told(record)).toMatchObject({ code: 0, stderr: "" });
  });
});
