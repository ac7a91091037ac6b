/** A running SHA-256 whose state can be saved, and restored on another machine. */
export interface RunningSha256 {
  update(bytes: Uint8Array): void;
  /** The state after all bytes so far, base64. */
  save(): string;
  /** Hex; ends the hash. */
  digest(): string;
}

export interface Sha256 {
  create(): Promise<RunningSha256>;
  /** @returns undefined when an incompatible version saved the state: the caller then starts over. */
  restore(state: string): Promise<RunningSha256 | undefined>;
}
