/** Runs the task, then disposes what it acquired, last things first. (The import check cannot parse `await using`.) */
export async function scoped<T>(task: (scope: AsyncDisposableStack) => Promise<T>): Promise<T> {
  const scope = new AsyncDisposableStack();
  try {
    return await task(scope);
  } finally {
    await scope.disposeAsync();
  }
}
