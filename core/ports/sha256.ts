/** A running SHA-256 whose state can be saved and taken up again elsewhere. */
export interface RunningSha256 {
  update(bytes: Uint8Array): void;
  /** The state after everything so far, base64. */
  save(): string;
  /** Hex; ends the hash. */
  digest(): string;
}

export interface Sha256 {
  create(): Promise<RunningSha256>;
  /** @returns undefined when the state was saved by an incompatible version: the caller starts over. */
  restore(state: string): Promise<RunningSha256 | undefined>;
}
