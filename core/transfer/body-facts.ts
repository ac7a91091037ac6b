import type { OriginFacts } from "../model/record.ts";
import { PermanentError } from "../model/errors.ts";
import { refuseOtherThanAnnounced, type AnnouncedDigest } from "../origin/announced-digests.ts";
import type { Algorithm, DigestsByAlgorithm } from "../ports/digests.ts";
import type { WantedBody } from "./wanted-body.ts";

export interface BodyFacts {
  /** The mirror that it comes from; undefined if it is the job's own URL. */
  readonly mirror: string | undefined;
  readonly origin: OriginFacts;
  readonly announced: readonly AnnouncedDigest[];
  readonly wanted: WantedBody;
  readonly totalBytes: number | undefined;
  /** Validator for a later If-Range; undefined if the transfer cannot be resumed. */
  readonly validator: string | undefined;
}

/** SHA-256 is the content's name, and comes first. */
export const algorithmsOf = ({ announced, wanted }: Pick<BodyFacts, "announced" | "wanted">): readonly Algorithm[] => [
  ...new Set<Algorithm>([
    "sha256",
    ...announced.map(({ algorithm }) => algorithm),
    ...(Object.keys(wanted.digests) as Algorithm[]),
  ]),
];

/** Whether a body of so many bytes, of which more may come, is too large for whoever asked for it. */
export function refuseLarger({ bytes, mostBytes }: WantedBody, received: number): void {
  if (received > (mostBytes ?? Infinity)) throw new PermanentError("larger_than_expected", "origin");
  if (received > (bytes ?? Infinity)) throw new PermanentError("size_mismatch", "origin");
}

/**
 * Judges a whole body.
 * @throws OriginDigestError when it is not what the origin announced, which another download may mend; PermanentError
 * (origin) when it is not what was asked for.
 */
export function judgeWhole(
  { announced, wanted }: Pick<BodyFacts, "announced" | "wanted">,
  digests: DigestsByAlgorithm,
  bytes: number,
): void {
  refuseOtherThanAnnounced(announced, digests);
  refuseLarger(wanted, bytes);
  if (bytes < (wanted.bytes ?? 0)) throw new PermanentError("size_mismatch", "origin");
  if (bytes < (wanted.leastBytes ?? 0)) throw new PermanentError("smaller_than_expected", "origin");
  for (const [algorithm, digest] of Object.entries(wanted.digests) as [Algorithm, string][])
    if (digests[algorithm] !== digest) throw new PermanentError("digest_mismatch", "origin");
}

const SEPARATOR = ":";

export const encodeAnnounced = (announced: readonly AnnouncedDigest[]): readonly string[] =>
  announced.map(({ algorithm, hex, source }) => [algorithm, hex, source].join(SEPARATOR));

export const decodeAnnounced = (texts: readonly string[] = []): readonly AnnouncedDigest[] =>
  texts.map((text) => {
    const [algorithm, hex = "", source = ""] = text.split(SEPARATOR);
    return { algorithm: algorithm as Algorithm, hex, source };
  });
