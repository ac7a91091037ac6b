/** Work for which several wait. Each may leave; when nobody waits any more, the work is aborted. */
export class SharedWork {
  readonly #stopping = new AbortController();
  readonly #work: Promise<void>;
  #waiting = 0;

  constructor(start: (signal: AbortSignal) => Promise<void>) {
    this.#work = start(this.#stopping.signal);
    // Nobody may be there to hear of its failure.
    this.#work.catch(() => undefined);
  }

  /** Nobody waits any more: it has ended, or has been aborted. */
  get isOver(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** @throws the signal's reason when it is aborted first. */
  async wait(signal: AbortSignal): Promise<void> {
    this.#waiting += 1;
    try {
      await unlessAborted(this.#work, signal);
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) {
        this.#stopping.abort();
        // Nothing is left under way when an invocation ends.
        await this.#work.catch(() => undefined);
      }
    }
  }
}

/** @throws the signal's reason when it is aborted first. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
