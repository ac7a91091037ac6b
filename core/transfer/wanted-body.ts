import type { DigestsByAlgorithm } from "../ports/digests.ts";

/** What whoever asked for the body says that it must be. */
export interface WantedBody {
  /** In hexadecimal digits, in lower case. */
  readonly digests: DigestsByAlgorithm;
  readonly bytes?: number;
  readonly leastBytes?: number;
  readonly mostBytes?: number;
  /** A media type, or `type/*`. */
  readonly type?: string;
}
