import { HostMemory, makeRoom } from "./host-memory.ts";

/** On which hosts HEAD is of no use: it failed where GET did not. */
export class HeadMemory {
  readonly #hosts = new HostMemory();
  /** URLs whose HEAD failed, until GET shows whether HEAD misled. */
  readonly #failed = new Set<string>();

  isUseless(url: string, nowMs: number): boolean {
    return this.#hosts.isUseless(url, nowMs);
  }

  failed(url: string): void {
    makeRoom(this.#failed);
    this.#failed.add(url);
  }

  /** GET delivers the file. */
  delivered(url: string, nowMs: number): void {
    if (this.#failed.delete(url)) this.#hosts.wasUseless(url, nowMs);
  }
}
