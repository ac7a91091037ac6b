/** Sleeps that all end when the signal is aborted. A signal itself warns of more than ten listeners. */
export function sleeper(signal: AbortSignal): (ms: number) => Promise<void> {
  const asleep = new Set<() => void>();
  signal.addEventListener("abort", () => asleep.forEach((wake) => wake()), { once: true });
  return async (ms) =>
    new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        asleep.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, signal.aborted ? 0 : ms);
      asleep.add(wake);
    });
}
