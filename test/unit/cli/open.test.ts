import { describe, expect, it } from "vitest";
import type { Signed } from "../../../cli/open/open.ts";
import type { Item } from "../../../core/model/write.ts";
import { simulatedItems } from "../../simulation/services/items.ts";
import { simulatedClock } from "../../simulation/world.ts";
import { operated } from "./operated.ts";

const ID = "0123456789abcdef0123456789abcdef";
const SHA256 = "ab".repeat(32);
const KEY = `sha256/ab/ab/${SHA256}`;
const clock = simulatedClock();

const job = (changes: Item): Item => ({
  state: "INDEXED",
  work_id: "w",
  artifact_id: "a",
  url: "https://example.org/a.pdf",
  planned_at: clock.nowMs() - 1,
  fence: 1,
  attempts: 1,
  strikes: 0,
  ...changes,
});
const RESULT = {
  bytes: 7,
  sha256: SHA256,
  staged_by: "1",
  etag: '"1"',
  content_type: "application/pdf",
  file_name: "a paper.pdf",
};
const STORED = { op_stream: { type: "STREAM", key: "k", status: "DONE", fence: 1, at: clock.nowMs(), result: RESULT } };

/** A deployment whose table has these items, and what it was asked to sign. */
function deployment(...items: readonly Item[]) {
  const signed: Signed[] = [];
  const table = simulatedItems();
  const filled = Promise.all(items.map(async (set) => table.write({ key: `JOB#${ID}`, when: [[]], set })));
  const sign = async (object: Signed): Promise<string> => {
    signed.push(object);
    return Promise.resolve(`https://content.example/${object.key}?signature`);
  };
  const open = async (...argv: readonly string[]) => {
    await filled;
    const tableOf = () => ({ clock, items: table });
    return operated(["open", ...argv, "--stack", "fetchonce-prod"], { clock, tableOf, sign });
  };
  return { open, signed };
}

describe("fetchonce open", () => {
  it.each(["INDEXED", "DEDUPED"])(
    "prints nothing but the address of an %s job's file, for the usual hour",
    async (state) => {
      const { open, signed } = deployment(job({ state, ...STORED }));
      expect(await open(ID)).toEqual({ code: 0, stdout: `https://content.example/${KEY}?signature\n`, stderr: "" });
      expect(signed).toEqual([{ bucket: "content-of-prod", key: KEY, fileName: "a paper.pdf", validForMs: 3_600_000 }]);
    },
  );

  it("tells programs what the file is, and until when the address is valid", async () => {
    const { open } = deployment(job({ ...STORED }));
    const { code, stdout } = await open(ID, "--for", "2d", "--json");
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      {
        job_id: ID,
        address: `https://content.example/${KEY}?signature`,
        valid_until_ms: clock.nowMs() + 2 * 86_400_000,
        bucket: "content-of-prod",
        key: KEY,
        bytes: 7,
        sha256: SHA256,
        file_name: "a paper.pdf",
      },
    ]);
  });

  it.each([
    {
      held: [job({ state: "STREAMING" })],
      says: `The job ${ID} is STREAMING: its file is not stored yet. What happens next: npm start -- timeline ${ID} --stack fetchonce-prod.`,
    },
    {
      held: [job({ state: "FAILED", reason: "http_404", failure_class: "origin" })],
      says: `The job ${ID} has failed with http_404, so there is no file. Give it another chance: npm start -- redrive failed --stack fetchonce-prod.`,
    },
    { held: [], says: `There is no record of the job ${ID} in fetchonce-prod.` },
  ])("signs nothing if there is no file, and says why: $says", async ({ held, says }) => {
    const { open, signed } = deployment(...held);
    const { code, stderr, stdout } = await open(ID);
    expect({ code, stdout, signed }).toEqual({ code: 1, stdout: "", signed: [] });
    expect(stderr).toContain(says);
  });

  it.each(["0s", "8d", "later"])("refuses to sign for %s", async (time) => {
    const { open } = deployment(job({ ...STORED }));
    expect(await open(ID, "--for", time)).toMatchObject({ code: 2, stdout: "" });
  });
});
