import { setImmediate } from "node:timers/promises";
import { syncFolder } from "./disk.ts";

/**
 * Makes entries of folders last. All that is asked for while the disk is busy shares the next round: syncing a folder
 * once for many entries costs as much as for one.
 */
export class FolderSyncs {
  #waiting = new Set<string>();
  #next: Promise<void> | undefined;
  #newest: Promise<void> = Promise.resolve();

  /** Settles once the disk has all entries that the folders have now. @throws MachineTroubleError */
  async sync(folders: readonly string[]): Promise<void> {
    for (const folder of folders) this.#waiting.add(folder);
    if (!this.#next) {
      this.#next = this.#roundAfter(this.#newest);
      this.#newest = this.#next.catch(() => undefined);
    }
    await this.#next;
  }

  async #roundAfter(newest: Promise<void>): Promise<void> {
    await newest;
    await setImmediate();
    const folders = [...this.#waiting];
    this.#waiting.clear();
    this.#next = undefined;
    await Promise.all(folders.map(syncFolder));
  }
}
