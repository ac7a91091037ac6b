import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { LocalDatabase } from "../../../../adapters/local/database.ts";
import type { OriginFile } from "../../../../local/origin/file.ts";
import { startOrigin } from "../../../../local/origin/server.ts";
import { writeReport } from "../../../../cli/report/write-report.ts";
import { writeResults } from "../../../../cli/results/write-results.ts";
import { LocalRun } from "../../../../local/run/local-run.ts";
import { USUAL_WEB } from "../../../../local/settings.ts";
import type { JobResult } from "../../../../local/run/results-file.ts";
import { Page } from "./support.ts";

const FILES: readonly OriginFile[] = [
  ...Array.from({ length: 20 }, (_, n) => ({ name: `small-${n}.bin`, size: 10_000 + n })),
  { name: "same-1.bin", size: 5_000, content: "same", type: "text/plain" },
  { name: "same-2.bin", size: 5_000, content: "same", type: "text/plain" },
  { name: "gone.pdf", size: 0, status: 404 },
  { name: "hidden.pdf", size: 0, status: 403 },
  { name: "busy.bin", size: 3_000, failFirst: 2, failStatus: 429, retryAfter: 1 },
  { name: "torn.bin", size: 30_000, tearAfter: 1_000, ranges: "ignored" },
];

const jsonLines = (path: string): readonly JobResult[] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as JobResult);

/** Downloads the files with real worker processes, and writes report and results as a command does at its end. */
async function runOver(files: readonly OriginFile[]) {
  const out = mkdtempSync(join(tmpdir(), "fetchonce-report-"));
  const origin = await startOrigin();
  onTestFinished(async () => {
    await origin.stop();
    rmSync(out, { recursive: true });
  });
  // Unlimited: otherwise the host rests as long as one file asks for it, and others wait by chance.
  const web = { ...USUAL_WEB, allowPrivateHosts: true, hostRules: [] };
  const choices = { workers: 2, slots: 8, web, gate: 100, maxAttempts: 3 };
  const run = await LocalRun.open({
    out,
    ...choices,
    nameSource: { kind: "url" },
    rerun: { verify: false, retryFailed: false, refresh: false },
  });
  const { database: databasePath, events: eventsPath, log: logPath, results } = run.workspace.folders;
  const startedAtMs = Date.now();
  run.startWorkers();
  await run.replaceList(async (add) => {
    for (const [index, file] of files.entries()) {
      const message = { work_id: "w", artifact_id: file.name, url: origin.urlOf(file) };
      add({ line: index + 1, message, metadata: { mine: `row ${index}` } });
    }
  });
  await run.lookAtEarlier(new AbortController().signal);
  try {
    await run.work(() => true, AbortSignal.timeout(50_000));
  } finally {
    await run.close();
  }

  const cleanup = new DisposableStack();

  onTestFinished(() => cleanup[Symbol.dispose]());
  const database = new LocalDatabase(databasePath, { checkpoints: true });
  cleanup.defer(() => database.close());
  const [reportPath, resultsPath] = [join(out, "report.html"), join(out, "mine.jsonl")];
  await writeReport(reportPath, {
    database,
    list: 1,
    eventsPath,
    eventsFrom: 0,
    logPath,
    logFrom: 0,
    startedAtMs,
    endedAtMs: Date.now(),
    how: "done",
    command: ["fetchonce", "get", "list.txt"],
    out,
    settings: [],
  });
  await writeResults(resultsPath, database, 1);
  const page = new Page(readFileSync(reportPath, "utf8"));
  return { page, told: jsonLines(results), written: jsonLines(resultsPath), size: statSync(reportPath).size };
}

it("report and results of a real run say what its results.jsonl says", async () => {
  const { page, size, told, written } = await runOver(FILES);
  const states = Map.groupBy(told, ({ state }) => state);
  const storedFiles = told.filter(({ state }) => state !== "FAILED");
  expect([...states].map(([state, { length }]) => [state, length])).toEqual(
    expect.arrayContaining([
      ["INDEXED", 23],
      ["DEDUPED", 1],
      ["FAILED", 2],
    ]),
  );

  expect(page.text).toContain("24 of 26 files are there, 2 failed.");
  expect(page.rows("What is there").map(([state, files]) => [state, files])).toEqual([
    ["stored", "23"],
    ["failed", "2"],
    ["stored; its content was there already", "1"],
  ]);
  const bytes = storedFiles.reduce((sum, file) => sum + (file.bytes ?? 0), 0);
  expect(page.fact("This run")).toContain(`24 stored, 2 failed; ${(bytes / 1024).toFixed(1)} KiB, `);
  expect(page.rows("What failed, and why").map(([reason, files]) => [reason, files])).toEqual([
    ["the origin answered 403 Forbidden http_403", "1"],
    ["the origin answered 404 Not Found http_404", "1"],
  ]);
  expect(page.rows("Hosts").map((row) => row.slice(1, 4))).toEqual([["26", "24", "2"]]);
  expect(page.rows("Retries and waits").map((row) => row.slice(0, 4))).toEqual([
    ["the origin answered 429 Too Many Requests http_429", "1", "1", "1"],
    ["the origin closed the connection origin_connection_lost", "1", "1", "–"],
  ]);
  const slowest = page.rows("The slowest files");
  expect(slowest[0]?.[0]).toContain("busy.bin");
  expect(slowest[0]?.slice(1, 4)).toEqual(["stored", "2.9 KiB", "2"]);
  expect(size).toBeLessThan(200_000);

  const inOrderOfList = FILES.map(({ name }) => told.find(({ artifact_id }) => artifact_id === name));
  expect(written).toEqual(inOrderOfList);
}, 60_000);
