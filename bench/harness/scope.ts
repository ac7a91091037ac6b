/** Runs the task, then gives back all that it took up, last things first. `await using` is what the import check cannot read. */
export async function scoped<T>(task: (scope: AsyncDisposableStack) => Promise<T>): Promise<T> {
  const scope = new AsyncDisposableStack();
  try {
    return await task(scope);
  } finally {
    await scope.disposeAsync();
  }
}
