export const ALGORITHMS = ["sha256", "sha512", "sha1", "md5", "crc32", "crc32c", "crc64nvme"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** Digests by algorithm, in hexadecimal digits. */
export type DigestsByAlgorithm = Readonly<Partial<Record<Algorithm, string>>>;

/** Digests of the same bytes, whose state can be saved, and restored on another machine. */
export interface RunningDigests {
  update(bytes: Uint8Array): void;
  /** What `restore` needs to continue after all bytes so far. */
  save(): string;
  /** Ends them. */
  digests(): DigestsByAlgorithm;
}

/** The first bytes of what is staged under a key. */
interface StagedPrefix {
  readonly key: string;
  readonly bytes: number;
}

export interface Digests {
  create(algorithms: readonly Algorithm[]): Promise<RunningDigests>;
  /**
   * Continues from a saved state. `hashed` are the staged bytes that the state stands for.
   * @returns undefined when an incompatible version saved the state: the caller then starts over.
   */
  restore(algorithms: readonly Algorithm[], state: string, hashed: StagedPrefix): Promise<RunningDigests | undefined>;
}
