import fs from "node:fs";
import { clockBase, runClock, type ClockBase } from "../../adapters/local/clock.ts";
import { localContent, type LocalContent } from "../../adapters/local/content.ts";
import { LocalDatabase } from "../../adapters/local/database.ts";
import { makeFolder, onDisk, statOf, syncFolder } from "../../adapters/local/disk.ts";
import { localQueue, type LocalQueue } from "../../adapters/local/queue.ts";
import { createTables } from "../../adapters/local/schema.ts";
import { localStaging, type LocalStaging } from "../../adapters/local/staging.ts";
import { lineTelemetry } from "../../adapters/node/telemetry.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import type { Telemetry } from "../../core/ports/telemetry.ts";
import { foldersOf, type Folders } from "../folders.ts";
import { LEASE_TTL_MS, MOST_RECEIVES, PART_BYTES } from "../settings.ts";
import { Cleanup } from "../shared/cleanup.ts";
import { lockRun } from "../shared/lock.ts";
import { EndStore } from "./end-store.ts";
import { LineStore } from "./line-store.ts";
import { NameLinks } from "./name-links.ts";
import { FolderInUseError } from "./run-errors.ts";
import { LAST_SEEN } from "./facts.ts";

/** Name of the parent as a receiver of messages. It receives none. */
const PARENT = "parent";

const sizeOf = (path: string): number => statOf(path)?.size ?? 0;

/** A folder that this run alone works in, and what it holds. */
export class Workspace {
  readonly folders: Folders;
  readonly database: LocalDatabase;
  readonly base: ClockBase;
  readonly clock: Clock;
  readonly lines: LineStore;
  readonly ends: EndStore;
  readonly staging: LocalStaging;
  readonly content: LocalContent;
  readonly names: NameLinks;
  readonly queue: LocalQueue;
  readonly telemetry: Telemetry;
  /** Sizes of these files, in bytes, when the run began. */
  readonly sizesBefore: { readonly events: number; readonly log: number };
  readonly #cleanup: Cleanup;

  /** @throws FolderInUseError; OtherSchemaError; MachineTroubleError when the folder cannot be used. */
  static async open(out: string): Promise<Workspace> {
    const folders = foldersOf(out);
    const cleanup = new Cleanup();
    try {
      for (const folder of [folders.out, folders.content, folders.staging]) await makeFolder(folder);
      const release = lockRun(folders.state);
      if (!release) throw new FolderInUseError(out);
      cleanup.defer(release);
      const workspace = new Workspace(folders, cleanup);
      await workspace.database.sync();
      await syncFolder(folders.state);
      return workspace;
    } catch (error) {
      cleanup.run();
      throw error;
    }
  }

  private constructor(folders: Folders, cleanup: Cleanup) {
    this.folders = folders;
    this.#cleanup = cleanup;
    this.database = new LocalDatabase(folders.database, { checkpoints: true });
    cleanup.defer(() => this.database.close());
    createTables(this.database, folders.state);
    const lastSeen = this.database.get("SELECT value FROM facts WHERE name = ?", LAST_SEEN)?.["value"];
    this.base = clockBase(Number(lastSeen ?? 0));
    this.clock = runClock(this.base);
    this.lines = new LineStore(this.database);
    this.ends = new EndStore(this.database);
    this.staging = localStaging(folders.staging, PART_BYTES);
    this.content = localContent(folders.content, this.staging.pathOf);
    this.names = new NameLinks(this.database, folders.files);
    const { clock } = this;
    const receiving = { holder: PARENT, visibilityMs: LEASE_TTL_MS, mostReceives: MOST_RECEIVES };
    this.queue = localQueue(this.database, { clock, ...receiving });
    this.sizesBefore = { events: sizeOf(folders.events), log: sizeOf(folders.log) };
    this.telemetry = this.#openTelemetry();
  }

  close(): void {
    this.telemetry.flush();
    this.#cleanup.run();
  }

  #openTelemetry(): Telemetry {
    const open = (path: string): Telemetry => {
      const file = onDisk(path, () => fs.openSync(path, "a"));
      this.#cleanup.defer(() => fs.closeSync(file));
      return lineTelemetry((lines) => void fs.writeSync(file, lines));
    };
    const events = open(this.folders.events);
    const logs = open(this.folders.log);
    return {
      emit: (event) => events.emit(event),
      log: (...line) => logs.log(...line),
      invocationStarted: () => undefined,
      flush: () => {
        events.flush();
        logs.flush();
      },
    };
  }
}
