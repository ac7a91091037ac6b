const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export class InterruptedError extends Error {
  constructor() {
    super("The measurement was interrupted. Its processes are ended and its files are removed.");
  }
}

/** Aborts with an InterruptedError when the process is told to end. A second signal ends it at once. */
export function interruption(scope: AsyncDisposableStack): AbortSignal {
  const controller = new AbortController();
  const interrupt = (): void => controller.abort(new InterruptedError());
  for (const name of SIGNALS) {
    process.once(name, interrupt);
    scope.defer(() => void process.off(name, interrupt));
  }
  return controller.signal;
}
