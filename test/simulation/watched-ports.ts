import { jobIdOfStagingKey, jobItemKey } from "../../core/model/keys.ts";
import type { Content } from "../../core/ports/content.ts";
import type { FailedJobs, Items } from "../../core/ports/items.ts";
import type { Queue } from "../../core/ports/queue.ts";
import type { Staging } from "../../core/ports/staging.ts";
import type { SimulatedBlobs } from "./services/blobs.ts";
import type { GateWatch } from "./oracle/gate-watch.ts";
import { checkContent, checkRemoval, isJob, TableWatch } from "./oracle/invariants.ts";
import type { SimulatedItems } from "./services/items.ts";
import type { SimulatedOrigin } from "./services/origin.ts";
import { through, type SimulatedProcess } from "./services/process.ts";
import { MAX_ATTEMPTS } from "./services/settings.ts";

interface Watched {
  readonly gate: GateWatch;
  readonly items: SimulatedItems;
  readonly blobs: SimulatedBlobs;
  readonly origin: SimulatedOrigin;
  /** Runs a check and records the first violation. */
  readonly failIf: (check: () => void) => void;
}

/** The services as one process sees them. Every call goes through the process, and checks the invariants. */
export class WatchedPorts {
  readonly #watched: Watched;
  readonly #table = new TableWatch(MAX_ATTEMPTS);

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  items(process: SimulatedProcess): Items {
    const { failIf, gate, items } = this.#watched;
    return through(process, "items", {
      ...items,
      write: async (write) => {
        const before = items.all.get(write.key);
        const outcome = await items.write(write);
        if (outcome.applied) failIf(() => this.#table.applied(process.name, write, before, outcome.item));
        if (outcome.applied && !before && isJob(write.key)) failIf(() => gate.checkRecorded(process.name, write.key));
        return outcome;
      },
    } satisfies Items);
  }

  /** How often failed jobs were reopened. */
  get reopenings(): number {
    return this.#table.reopenings;
  }

  failedJobs(process: SimulatedProcess): FailedJobs {
    const { failedJobs } = this.#watched.items;
    return through(process, "failedJobs", {
      page: async (from) => {
        const page = await failedJobs.page(from);
        this.#table.seen(process.name, page.items);
        return page;
      },
    } satisfies FailedJobs);
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
      const removal = { process: process.name, key, uploadId, reopenedAt: this.#table.reopenedAt(job) };
      failIf(() => checkRemoval(items.all.get(job), removal));
    };
    const checkStaged = (key: string): void =>
      failIf(() => {
        gate.checkStaged(process.name, key);
        this.#table.staged(process.name, key);
      });
    return through(process, "staging", {
      ...blobs.staging,
      put: async (key, body, contentType) => {
        checkStaged(key);
        return blobs.staging.put(key, body, contentType);
      },
      createUpload: async (key, contentType) => {
        checkStaged(key);
        return blobs.staging.createUpload(key, contentType);
      },
      delete: async (key) => {
        check(key);
        return blobs.staging.delete(key);
      },
      abortUpload: async (upload) => {
        check(upload.key, upload.uploadId);
        return blobs.staging.abortUpload(upload);
      },
    } satisfies Staging);
  }

  /** Checks each object when it is published: it is named by its hash, and whole. */
  content(process: SimulatedProcess): Content {
    const { content } = this.#watched.blobs;
    return through(process, "content", {
      ...content,
      publish: async (staged, key, signal) => {
        const outcome = await content.publish(staged, key, signal);
        if (outcome === "created") this.#watched.failIf(() => this.checkContent(key));
        return outcome;
      },
    } satisfies Content);
  }

  /** Checks the object under the key, or all objects if there is no key. */
  checkContent(key?: string): void {
    const { blobs, origin } = this.#watched;
    const versions = [...origin.resources.values()].flatMap((resource) => resource.versions);
    const chosen = [...blobs.contentObjects].filter(([each]) => key === undefined || each === key);
    checkContent(new Map(chosen), blobs.contentWrites, versions);
  }
}
