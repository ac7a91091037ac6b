import { GATE_KEY } from "../../core/gate/gate-document.ts";
import { HOST_RULES_KEY } from "../../core/flow/host-rules-found.ts";
import { jobIdOfItemKey, jobIdOfStagingKey, jobItemKey } from "../../core/model/keys.ts";
import { UploadGoneError } from "../../core/model/errors.ts";
import type { Item, Write } from "../../core/model/write.ts";
import type { Limits } from "./services/limits.ts";
import type { Content, DirectContent } from "../../core/ports/content.ts";
import type { Items, JobPages } from "../../core/ports/items.ts";
import type { Queue } from "../../core/ports/queue.ts";
import type { Staging } from "../../core/ports/staging.ts";
import { wholePart, type SimulatedBlobs } from "./services/blobs.ts";
import type { CancelWatch } from "./oracle/cancel-watch.ts";
import type { GateWatch } from "./oracle/gate-watch.ts";
import type { HostWatch } from "./oracle/host-watch.ts";
import { checkContent, checkRemoval, isJob, TableWatch } from "./oracle/invariants.ts";
import type { LaneWatch } from "./oracle/lane-watch.ts";
import { RunWatch } from "./oracle/run-watch.ts";
import { checkTimes } from "./oracle/times.ts";
import { Violation } from "./oracle/violation.ts";
import type { SimulatedItems } from "./services/items.ts";
import type { SimulatedOrigin } from "./services/origin.ts";
import { shardsOf } from "./services/shards.ts";
import { through, type SimulatedProcess } from "./services/process.ts";
import { LEASE_TTL_MS, MAX_ATTEMPTS } from "./services/settings.ts";

interface Watched {
  readonly gate: GateWatch;
  readonly hosts: HostWatch;
  readonly cancels: CancelWatch;
  readonly items: SimulatedItems;
  readonly blobs: SimulatedBlobs;
  readonly origin: SimulatedOrigin;
  /** Runs a check and records the first violation. */
  readonly failIf: (check: () => void) => void;
  /** Whether S3 keeps a part that was on its way when its upload was aborted. */
  readonly mayLandLate: boolean;
  /** Undefined: there is one lane. */
  readonly lanes: LaneWatch | undefined;
  readonly limits: Pick<Limits, "recoverLimit" | "sweepLimit">;
}

/**
 * A write that takes effect again changes nothing. The exceptions are the two that come before there is a fence, after
 * recovery or reopening has made the job available to every clock: clocks differ. The write that took a lease may take
 * another one, for nobody, if that one is over by the clock of the first; it expires like any other. The write that
 * postponed a job may postpone it again, to the same time, and have it watched.
 */
function checkEcho(process: string, { set = {}, when }: Write, before: Item | undefined, after: Item): void {
  const takenAtMs = typeof set["lease_owner"] === "string" ? Number(set["available_at"]) - LEASE_TTL_MS : undefined;
  const isOver = takenAtMs !== undefined && Number(before?.["available_at"]) <= takenAtMs;
  const isOfNobody = when.flat().some(({ attribute, is }) => attribute === "lease_owner" && is === "absent");
  const isPostponed = isOfNobody && set["lease_owner"] === undefined && before?.["available_at"] === 0;
  if (isOver || isPostponed || JSON.stringify(before) === JSON.stringify(after)) return;
  throw new Violation(`a write of ${process} took effect again, and changed ${JSON.stringify(after["pk"])}`);
}

/** The services as one process sees them. Every call goes through the process, and checks the invariants. */
export class WatchedPorts {
  readonly #watched: Watched;
  readonly #table = new TableWatch(MAX_ATTEMPTS);
  readonly runs: RunWatch;
  readonly lanes: LaneWatch | undefined;
  /** Writes that took effect. What takes effect again is an echo. */
  readonly #applied = new WeakSet<Write>();
  /** By process and key, the record that the process saw when it last read several. It acts upon that later. */
  readonly #lookedAt = new Map<string, Item>();

  constructor(watched: Watched) {
    this.#watched = watched;
    this.runs = new RunWatch(watched.limits, watched.items.all);
    this.lanes = watched.lanes;
  }

  items(process: SimulatedProcess): Items {
    const { cancels, failIf, gate, hosts, items } = this.#watched;
    const port: Items = {
      ...items,
      read: async (key) => {
        if (key === HOST_RULES_KEY && process.name.startsWith("worker")) hosts.checkReadable();
        return items.read(key);
      },
      readMany: async (keys) => {
        const found = await items.readMany(keys);
        for (const [key, item] of found) this.#lookedAt.set(`${process.name} ${key}`, item);
        return found;
      },
      write: async (write) => {
        const before = items.all.get(write.key);
        const outcome = await items.write(write);
        if (!outcome.applied) return outcome;
        const { name } = process;
        failIf(() => {
          if (this.#applied.has(write)) checkEcho(name, write, before, outcome.item);
          this.#applied.add(write);
          const isCancelled = isJob(write.key) && cancels.wrote(name, write, before, outcome.item);
          if (!isCancelled) this.#table.applied(name, write, before, outcome.item);
          this.runs.wrote(name, write.key, before, outcome.item);
          if (isJob(write.key)) this.lanes?.wrote(name, write.key, before, outcome.item);
          if (write.key === GATE_KEY) gate.written(name, before, outcome.item);
          if (write.key === HOST_RULES_KEY) hosts.written(name, before, outcome.item);
          if (!isJob(write.key)) return;
          checkTimes(name, write, outcome.item, process.isClockOff ? undefined : process.clock.nowMs());
          if (!before) gate.checkRecorded(name, write.key);
        });
        return outcome;
      },
    };
    // The reads of shards that never held a record are all alike, and so is a fault at them: they count as no call.
    const watched: Items["watched"] = async (...query) =>
      this.#mayHold(query[0])
        ? process.call("items", "watched", async () => items.watched(...query))
        : items.watched(...query);
    return through(process, "items", port, { watched });
  }

  #mayHold(shard: number): boolean {
    for (const [key, item] of this.#watched.items.all)
      if (isJob(key) && (item["watch_shard"] === shard || shardsOf(jobIdOfItemKey(key)).includes(shard))) return true;
    return false;
  }

  workersQueue(process: SimulatedProcess, queue: Queue): Queue {
    const { lanes } = this;
    if (!lanes) return through(process, "queue", queue);
    const send: Queue["send"] = async (messages) => {
      this.#watched.failIf(() => lanes.sent(process.name, messages));
      return queue.send(messages);
    };
    return through(process, "queue", { ...queue, send });
  }

  /** A reconciler's queue. It owes a message to each job that it recovers. */
  reconcilersQueue(process: SimulatedProcess, queue: Queue): Queue {
    return through(process, "queue", {
      ...queue,
      send: async (messages) => {
        for (const message of messages) this.#watched.failIf(() => this.runs.sent(process.name, message));
        return queue.send(messages);
      },
    } satisfies Queue);
  }

  /** How often failed jobs were reopened. */
  get reopenings(): number {
    return this.#table.reopenings;
  }

  failedJobs(process: SimulatedProcess): JobPages {
    const { failedJobs } = this.#watched.items;
    return through(process, "failedJobs", {
      page: async (from) => {
        const page = await failedJobs.page(from);
        this.#table.seen(process.name, page.items);
        return page;
      },
    } satisfies JobPages);
  }

  /** An operator sends no message before it has reopened the job. */
  operatorsQueue(process: SimulatedProcess, queue: Queue): Pick<Queue, "send"> {
    return through(process, "queue", {
      send: async (messages) => {
        for (const { body } of messages) this.#watched.failIf(() => this.#table.sent(process.name, body));
        return queue.send(messages);
      },
    } satisfies Pick<Queue, "send">);
  }

  /** Checks that no process removes what an open job needs, or stages on the wrong path or under another fence. */
  staging(process: SimulatedProcess): Staging {
    const { blobs, failIf, gate, items } = this.#watched;
    const check = (key: string, uploadId?: string): void => {
      const job = jobItemKey(jobIdOfStagingKey(key));
      const staged = uploadId === undefined ? blobs.stagedObjects.get(key) : blobs.uploads.get(uploadId);
      // What is there no more was removed by another process. A clock that jumped may have told another age before.
      const ageMs = staged && !process.isClockOff ? process.clock.nowMs() - staged.createdMs : Number.POSITIVE_INFINITY;
      const removal = { process: process.name, key, uploadId, ageMs, reopenedAt: this.#table.reopenedAt(job) };
      // The TTL may have removed the record of a finished job since.
      const record = items.all.get(job) ?? this.#lookedAt.get(`${process.name} ${job}`);
      failIf(() => checkRemoval(record, removal));
    };
    const checkStaged = (key: string): void =>
      failIf(() => {
        gate.checkStaged(process.name, key);
        this.#table.staged(process.name, key);
      });
    const uploadPart: Staging["uploadPart"] = async (upload, partNumber, body) => {
      const sent = Buffer.from(body);
      const isSentInTime = blobs.uploads.has(upload.uploadId);
      return process.call("staging", "uploadPart", async () => {
        if (!sent.equals(body)) failIf(() => throwChanged(process, upload.key, partNumber));
        const isLate = isSentInTime && !blobs.uploads.has(upload.uploadId);
        if (isLate && this.#watched.mayLandLate && blobs.landAfterAbort(upload, partNumber, sent))
          throw new UploadGoneError();
        return blobs.staging.uploadPart(upload, partNumber, body);
      });
    };
    // S3 may refuse it before any of it is sent, or when all of it has been sent.
    const streamPart: Staging["streamPart"] = async (upload, partNumber, pieces, bytes) => {
      await process.call("staging", "beginPart", async () => undefined);
      return uploadPart(upload, partNumber, await wholePart(pieces, bytes));
    };
    // Judged when they are sent: one that takes effect late may meet another attempt of the same process.
    const put: Staging["put"] = async (key, body, contentType) => {
      checkStaged(key);
      return process.call("staging", "put", async () => blobs.staging.put(key, body, contentType));
    };
    const createUpload: Staging["createUpload"] = async (key, contentType) => {
      checkStaged(key);
      return process.call("staging", "createUpload", async () => blobs.staging.createUpload(key, contentType));
    };
    const changed: Partial<Staging> = {
      litter: async (from, limit) => {
        failIf(() => this.runs.swept(process.name, limit));
        return blobs.staging.litter(from, limit);
      },
      delete: async (key) => {
        check(key);
        return blobs.staging.delete(key);
      },
      abortUpload: async (upload) => {
        const found = blobs.uploads.get(upload.uploadId);
        if (found && found.key !== upload.key)
          failIf(() => throwMisnamed(process, upload.uploadId, upload.key, found.key));
        check(upload.key, upload.uploadId);
        return blobs.staging.abortUpload(upload);
      },
    };
    return through(process, "staging", { ...blobs.staging, ...changed }, { uploadPart, streamPart, put, createUpload });
  }

  /** Checks each object when it is published: it is named by its hash, and whole. */
  content(process: SimulatedProcess): Content & DirectContent {
    const { content } = this.#watched.blobs;
    return through(process, "content", {
      ...content,
      publish: async (staged, key, signal) => {
        const outcome = await content.publish(staged, key, signal);
        if (outcome === "created") this.#watched.failIf(() => this.checkContent(key));
        return outcome;
      },
      put: async (key, body, facts) => {
        const placed = await content.put(key, body, facts);
        if (placed.outcome === "created") this.#watched.failIf(() => this.checkContent(key));
        return placed;
      },
    } satisfies Content & DirectContent);
  }

  /** Checks the object under the key, or all objects if there is no key. */
  checkContent(key?: string): void {
    const { blobs, origin } = this.#watched;
    const versions = [...origin.resources.values()].flatMap((resource) => resource.versions);
    const object = key === undefined ? undefined : blobs.contentObjects.get(key);
    const chosen = key !== undefined && object ? new Map([[key, object]]) : blobs.contentObjects;
    checkContent(chosen, blobs.contentWrites, versions);
  }
}

function throwChanged({ name }: SimulatedProcess, key: string, partNumber: number): never {
  throw new Violation(
    `${name} used the buffer of part ${partNumber} of ${key} again while a request could still read it`,
  );
}

function throwMisnamed({ name }: SimulatedProcess, uploadId: string, key: string, own: string): never {
  throw new Violation(`${name} aborted ${uploadId} under the key ${key}, but its key is ${own}: nothing happens`);
}
