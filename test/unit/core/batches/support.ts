/** A batch of real jobs, in memory: workers do them, and the follower follows. */
import type { BusEvent } from "../../../../core/ports/announcement-bus.ts";
import { encodeParquet } from "../../../../adapters/parquet/encode-parquet.ts";
import type { BatchEnded } from "../../../../core/batches/batch-ended.ts";
import {
  type BatchLine,
  type Columns,
  jsonLinesOf,
  writeDescription,
  writeLines,
} from "../../../../core/batches/batch-lines.ts";
import { batchItemKey, type BatchRecord, createBatch, decodeBatch } from "../../../../core/batches/batch-record.ts";
import { followBatches, type Followed, type FollowerDeps } from "../../../../core/batches/follow-batches.ts";
import { jobIdOf } from "../../../../core/model/keys.ts";
import type { JobMessage } from "../../../../core/model/message.ts";
import { present } from "../../../../core/model/present.ts";
import type { BatchFiles } from "../../../../core/ports/batch-files.ts";
import { answer, fileOrigin, world, type World } from "../../../simulation/world.ts";

export const ID = "a1b2c3";
const BODY = Buffer.from("the body");

export interface MemoryFiles extends BatchFiles {
  readonly all: Map<string, string | Uint8Array>;
}

export function memoryFiles(): MemoryFiles {
  const all = new Map<string, string | Uint8Array>();
  return {
    all,
    read: async (key) => {
      const content = all.get(key);
      return Promise.resolve(content instanceof Uint8Array ? Buffer.from(content).toString() : content);
    },
    write: async (key, content) => Promise.resolve(void all.set(key, content)),
  };
}

/** A job of a host that answers 404 if its number is a multiple of five. */
export const jobAt = (n: number): JobMessage => ({
  work_id: "work",
  artifact_id: `artifact-${n}`,
  url: `https://${n % 5 === 0 ? "gone" : "here"}.example/file-${n}`,
});

export const lineAt = (n: number): BatchLine => ({
  job_id: jobIdOf(jobAt(n)),
  ...jobAt(n),
  columns: { n, half: n / 2, note: n % 2 === 0 ? "even" : null },
});

const COLUMNS: Columns = { n: "INT64", half: "DOUBLE", note: "STRING" };

export class BatchWorld {
  readonly world: World;
  readonly files = memoryFiles();
  readonly events: BusEvent[] = [];
  readonly deps: FollowerDeps;

  constructor({ maxAttempts = 1 } = {}) {
    this.world = world({ settings: { retry: { maxAttempts, baseMs: 1, capMs: 1, longestWaitMs: 1 } } });
    const { clock, random, telemetry } = this.world.deps;
    this.world.serve((request) =>
      new URL(request.url).host === "gone.example" ? answer({ status: 404 }) : fileOrigin(BODY)(request),
    );
    this.deps = {
      clock,
      random,
      telemetry,
      items: this.world.items,
      files: this.files,
      bucket: "archive",
      encodeParquet,
      bus: {
        publish: async (events) => {
          this.events.push(...events);
          return Promise.resolve({ taken: events.length });
        },
      },
    };
  }

  /** @param numbers of the jobs of each file. */
  async submit(...numbers: readonly (readonly number[])[]): Promise<void> {
    for (const [file, each] of numbers.entries()) await writeLines(this.files, ID, file, jsonLinesOf(each.map(lineAt)));
    await writeDescription(this.files, ID, "list.csv", COLUMNS);
    const batch = { id: ID, name: "list.csv", lines: numbers.flat().length, files: numbers.length };
    await this.world.items.write(createBatch(batch, this.world.clock.nowMs()));
  }

  async work(...numbers: readonly number[]): Promise<void> {
    for (const n of numbers) await this.world.deliver(jobAt(n));
  }

  get record(): BatchRecord {
    return decodeBatch(present(this.world.items.all.get(batchItemKey(ID)), "the batch"));
  }

  /** Runs of the follower, a minute apart. */
  async follow(runs = 1, deps: FollowerDeps = this.deps): Promise<readonly (Followed | undefined)[]> {
    const ended: (Followed | undefined)[] = [];
    for (let run = 0; run < runs; run++) {
      ended.push(await followBatches(deps).catch(() => undefined));
      await this.world.clock.advance(60_000);
    }
    return ended;
  }

  get told(): readonly BatchEnded[] {
    return this.events.map(({ detail }) => JSON.parse(detail) as BatchEnded);
  }

  rows(revision = 1): readonly Readonly<Record<string, unknown>>[] {
    return [...this.files.all]
      .filter(([key]) => key.startsWith(`batches/${ID}/report-${revision}/jsonl/`))
      .toSorted(([a], [b]) => a.localeCompare(b))
      .flatMap(([, text]) => String(text).trimEnd().split("\n"))
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  }
}
