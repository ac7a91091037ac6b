import { createHash } from "node:crypto";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { contentKey, jobIdOf, jobItemKey } from "../../../../core/model/keys.ts";
import type { JobMessage } from "../../../../core/model/message.ts";
import type { JobResult, ToldResult } from "../../../../local/run/results-file.ts";
import type { SettledEnd } from "../../../../local/run/end-store.ts";
import { Settler, type NameSource } from "../../../../local/run/settler.ts";
import { Workspace } from "../../../../local/run/workspace.ts";

export const messageOf = (n: number | string): JobMessage => ({
  work_id: "w",
  artifact_id: `a${n}`,
  url: `https://example.org/dir/f${n}.bin`,
});
export const idOf = (n: number | string): string => jobIdOf(messageOf(n));
export const sha256Of = (body: string): string => createHash("sha256").update(body).digest("hex");

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fetchonce-run-"));
  onTestFinished(async () => rm(folder, { recursive: true }));
  return folder;
}

/** A folder with a database. It is closed when the test ends. */
export async function openWorkspace(): Promise<Workspace> {
  const workspace = await Workspace.open(await temporaryFolder());
  onTestFinished(() => workspace.close());
  return workspace;
}

/** Adds a line for each job to a new list. */
export function list({ database, lines }: Workspace, jobs: readonly (number | string)[]): void {
  database.transaction(() => {
    lines.begin();
    for (const [index, n] of jobs.entries()) lines.add({ line: index + 1, message: messageOf(n), metadata: undefined });
  });
}

export interface Settling {
  readonly settler: Settler;
  readonly told: ToldResult[];
  readonly settled: [SettledEnd, JobResult][];
}

export function startSettling(workspace: Workspace, nameSource: NameSource = { kind: "url" }): Settling {
  const told: ToldResult[] = [];
  const settled: [SettledEnd, JobResult][] = [];
  const settler = new Settler({
    workspace,
    nameSource,
    tell: (results) => told.push(...results),
    onSettled: (...end) => settled.push(end),
  });
  return { settler, told, settled };
}

/** Puts a body at its content address. @returns the path. */
export function storeContent({ content }: Workspace, body: string): string {
  const path = content.pathOf(contentKey(sha256Of(body)));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, body);
  return path;
}

/** Records a job as a worker does that has stored this body. */
export function recordStored(workspace: Workspace, n: number | string, body: string): void {
  const transfer = {
    sha256: sha256Of(body),
    bytes: body.length,
    content_type: "text/plain",
    staged_by: "1",
    etag: "e",
  };
  record(workspace, n, {
    state: "INDEXED",
    op_stream: { type: "STREAM", key: "k", status: "DONE", fence: 1, at: 0, result: transfer },
  });
}

export function record(
  { database }: Workspace,
  n: number | string,
  fields: object,
  watchAtMs: number | null = null,
): void {
  const { work_id, artifact_id, url } = messageOf(n);
  const pk = jobItemKey(idOf(n));
  const item = { pk, work_id, artifact_id, url, planned_at: 0, fence: 1, attempts: 1, strikes: 1, ...fields };
  database.run("INSERT INTO items VALUES (?, ?, ?, ?)", pk, JSON.stringify(item), 0, watchAtMs);
}

export const inodeOf = (path: string): number => statSync(path).ino;
