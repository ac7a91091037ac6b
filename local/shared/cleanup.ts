/** Steps that undo what was done, the last one first. Node has its own, DisposableStack, from version 24 on. */
export class Cleanup {
  readonly #steps: (() => void)[] = [];

  defer(step: () => void): void {
    this.#steps.push(step);
  }

  /** Runs all steps, also after one of them throws. */
  run(): void {
    const step = this.#steps.pop();
    if (!step) return;
    try {
      step();
    } finally {
      this.run();
    }
  }
}
