/** The files of batches: the lines that were submitted, and the reports. */
export interface BatchFiles {
  /** @returns undefined if there is no such file. */
  read(key: string): Promise<string | undefined>;
  /** Replaces what is there. Text is stored compressed where the key ends with `.gz`. */
  write(key: string, content: string | Uint8Array): Promise<void>;
}
