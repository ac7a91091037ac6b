import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { chmod, readdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { s3Staging } from "../adapters/aws/s3/staging.ts";
import { contentKey, jobIdOf, jobIdOfStagingKey } from "../core/model/keys.ts";
import type { JobMessage } from "../core/model/message.ts";
import type { JobRecord } from "../core/model/record.ts";
import { commandOf, SERVER_KINDS, startForeignServer, versionOf, type ServerKind } from "./foreign/servers.ts";
import { BIG_PATH, makeTree, urlPathOf, type TreeFile } from "./foreign/tree.ts";
import { LocalRun } from "./local-run.ts";
import { scoped } from "./harness/scope.ts";
import { temporaryFolder } from "./harness/temporary-folder.ts";
import { MIB, rounded, type Figure, type Measured, type Measurement } from "./harness/measurement.ts";

const WORKERS = 3;
const RECONCILE_EVERY_MS = 1000;

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Kills the worker that downloads the job once half of it is staged. Counts the bytes that are staged in all. */
class Killer {
  killedPid: number | undefined;
  stagedBytes = 0;
  stagedWhenKilled = 0;
  readonly #jobId: string;
  readonly #size: number;
  #workerPid: number | undefined;

  constructor(jobId: string, size: number) {
    this.#jobId = jobId;
    this.#size = size;
  }

  hear(line: Readonly<Record<string, unknown>>, pid: number): void {
    if (line["event"] === "job_leased" && line["job_id"] === this.#jobId) this.#workerPid = pid;
  }

  staged(key: string, bytes: number, kill: (pid: number) => void): void {
    if (jobIdOfStagingKey(key) !== this.#jobId) return;
    this.stagedBytes += bytes;
    if (this.killedPid !== undefined || this.#workerPid === undefined || this.stagedBytes < this.#size / 2) return;
    this.killedPid = this.#workerPid;
    this.stagedWhenKilled = this.stagedBytes;
    kill(this.killedPid);
  }
}

interface Outcome {
  readonly wrong: readonly string[];
  readonly objects: number;
  readonly stagingLeft: number;
  readonly seconds: number;
  readonly killer: Killer;
  readonly big: JobRecord | undefined;
  readonly retriedJobs: number;
  readonly bytesServed: number | undefined;
}

interface Visit {
  readonly kind: ServerKind;
  readonly command: string;
  readonly tree: string;
  readonly scratch: string;
  readonly files: readonly TreeFile[];
}

async function downloadFrom(scope: AsyncDisposableStack, visit: Visit): Promise<Outcome> {
  const { kind, command, tree, scratch, files } = visit;
  const server = scope.use(await startForeignServer(kind, command, tree, scratch));
  const messageOf = ({ path }: TreeFile): JobMessage => ({
    work_id: kind.name,
    artifact_id: path,
    url: `${server.url}/${urlPathOf(path)}`,
  });
  const bigFile = files.find(({ path }) => path === BIG_PATH);
  if (!bigFile) throw new Error(`There is no ${BIG_PATH} among the files.`);
  const bigJob = jobIdOf(messageOf(bigFile));
  const killer = new Killer(bigJob, bigFile.size);
  const run = scope.use(
    await LocalRun.start({
      workers: WORKERS,
      reconcileEveryMs: RECONCILE_EVERY_MS,
      onTelemetry: (line, pid) => killer.hear(line, pid),
      onStagedBytes: ({ key, bytes }) => killer.staged(key, bytes, (pid) => run.pipeline.workers.kill(pid)),
    }),
  );
  const messages = files.map(messageOf);
  const startedMs = performance.now();
  await run.pipeline.submit(messages);
  const records = await run.untilTerminal(messages);
  const seconds = (performance.now() - startedMs) / 1000;

  if (killer.killedPid === undefined)
    throw new Error(`No worker was killed during ${BIG_PATH}, so the measurement is void. Run it again.`);
  const { clients, names } = run.pipeline;
  const { found } = await s3Staging(clients.s3, names.stagingBucket).litter(undefined, files.length);

  const wrong: string[] = [];
  for (const file of files) {
    const record = records.get(jobIdOf(messageOf(file)));
    const path = join(run.outDir, "content", contentKey(file.sha256));
    if (record?.transfer?.sha256 !== file.sha256 || !existsSync(path) || (await digestOf(path)) !== file.sha256) {
      wrong.push(`${file.path}: ${record?.state ?? "no record"} ${record?.reason ?? ""}`);
    }
  }
  return {
    wrong,
    seconds,
    killer,
    objects: await countFiles(join(run.outDir, "content/sha256")),
    stagingLeft: found.length,
    big: records.get(bigJob),
    retriedJobs: [...records.values()].filter(({ attempts }) => attempts > 1).length,
    bytesServed: await server.bytesSentFor(`/${urlPathOf(BIG_PATH)}`),
  };
}

async function countFiles(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}

const mib = (bytes: number): number => rounded(bytes / MIB, 1);

function report(name: string, files: readonly TreeFile[], outcome: Outcome): Measured {
  const { wrong, killer, big, bytesServed } = outcome;
  const size = files.find(({ path }) => path === BIG_PATH)?.size ?? 0;
  const distinct = new Set(files.map(({ sha256 }) => sha256)).size;
  const figures: Figure[] = [
    { what: `${name}: files asked for`, value: files.length, unit: "files" },
    { what: `${name}: missing or not byte for byte`, value: wrong.length, unit: "files", atMost: 0 },
    {
      what: `${name}: content objects beyond one a digest`,
      value: outcome.objects - distinct,
      unit: "objects",
      atMost: 0,
    },
    { what: `${name}: objects and uploads left in staging`, value: outcome.stagingLeft, unit: "objects", atMost: 0 },
    {
      what: `${name}: of the 1 GiB file staged when its worker was killed`,
      value: mib(killer.stagedWhenKilled),
      unit: "MiB",
    },
    { what: `${name}: of it resumed, not fetched again`, value: mib(big?.resumedBytes ?? 0), unit: "MiB" },
    { what: `${name}: of it staged a second time`, value: mib(killer.stagedBytes - size), unit: "MiB" },
    ...(bytesServed === undefined
      ? []
      : [{ what: `${name}: of it sent a second time by the server`, value: mib(bytesServed - size), unit: "MiB" }]),
    { what: `${name}: jobs that took a second attempt`, value: outcome.retriedJobs, unit: "jobs" },
    { what: `${name}: all of it`, value: rounded(outcome.seconds, 1), unit: "s" },
  ];
  return { figures, remarks: wrong };
}

export const foreignOrigins: Measurement = {
  about:
    "a few hundred files of up to 1 GiB from servers that others wrote; one worker is killed during the 1 GiB file",
  async measure(say, scope) {
    const temporary = scope.use(await temporaryFolder());
    const tree = join(temporary.path, "tree");
    const files = await makeTree(tree);
    // Servers drop their privileges and must still be able to read the tree.
    await chmod(temporary.path, 0o755);
    say(`${files.length} files are written`);
    const figures: Figure[] = [];
    const remarks: string[] = [];
    for (const [index, kind] of SERVER_KINDS.entries()) {
      const command = commandOf(kind);
      if (command === undefined) {
        remarks.push(
          `${kind.name} was skipped, because it is not installed on this machine. Install it: ${kind.howToInstall}.`,
        );
        continue;
      }
      const version = await versionOf(kind, command);
      const outcome = await scoped(async (one) =>
        downloadFrom(one, { kind, command, tree, scratch: join(temporary.path, `server-${index}`), files }),
      );
      const measured = report(kind.name, files, outcome);
      figures.push(...measured.figures);
      remarks.push(
        `${kind.name} is ${version}${kind.hasRanges ? "" : ". It has no ranges, so the transfer starts over"}.`,
        ...measured.remarks,
      );
      say(
        `${kind.name}: ${outcome.wrong.length === 0 ? "all files are right" : `files that are wrong: ${outcome.wrong.length}`}`,
      );
    }
    return { figures, remarks };
  },
};
