/** `machine`: this machine stopped the run, for example because its disk is full. */
export const EXIT = { done: 0, failed: 1, wrongUsage: 2, machine: 3, interrupted: 130 } as const;
