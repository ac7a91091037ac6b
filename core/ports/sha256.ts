/** A running SHA-256 whose state can be saved, and restored on another machine. */
export interface RunningSha256 {
  update(bytes: Uint8Array): void;
  /** What `restore` needs to continue after all bytes so far. */
  save(): string;
  /** Hex; ends the hash. */
  digest(): string;
}

/** The first bytes of what is staged under a key. */
interface StagedPrefix {
  readonly key: string;
  readonly bytes: number;
}

export interface Sha256 {
  create(): Promise<RunningSha256>;
  /**
   * Continues from a saved state. `hashed` are the staged bytes that the state stands for.
   * @returns undefined when an incompatible version saved the state: the caller then starts over.
   */
  restore(state: string, hashed: StagedPrefix): Promise<RunningSha256 | undefined>;
}
