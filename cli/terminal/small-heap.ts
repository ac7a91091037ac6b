import { setFlagsFromString } from "node:v8";

/**
 * Keeps V8 from enlarging the young generation, which is where garbage is made. With 100,000 files, the parent process
 * then takes 160 instead of 240 MiB, and no more time. A V8 that ignores the flag needs more memory, and that is all.
 */
export const keepHeapSmall = (): void => setFlagsFromString("--semi-space-growth-factor=1");
