/**
 * Tells apart invocations that one process handles at the same time, as only Lambda's managed instances let it. Ours
 * handles one, and its trace is in the environment: 2 KB of each bundle.
 */
export const InvokeStore = { getInstanceAsync: async (): Promise<undefined> => undefined };
