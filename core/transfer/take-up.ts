import type { StagedSoFar } from "./body-stager.ts";
import { chainDigest } from "./sent-parts.ts";
import { algorithmsOf, decodeAnnounced, judgeWhole, type BodyFacts } from "./body-facts.ts";
import type { WantedBody } from "./wanted-body.ts";
import { UploadGoneError } from "../model/errors.ts";
import { stagingKey } from "../model/keys.ts";
import { present } from "../model/present.ts";
import type { Checkpoint, OriginFacts, Transfer } from "../model/record.ts";
import type { StagingOwner, TransferDeps } from "./transfer-deps.ts";

/** What the checkpoint refers to; undefined if it is no longer there or has changed. */
export async function takeUp(
  deps: TransferDeps,
  owner: StagingOwner,
  checkpoint: Checkpoint,
  facts: BodyFacts,
): Promise<StagedSoFar | undefined> {
  const key = stagingKey(owner.jobId, checkpoint.stagedBy);
  const upload = { key, uploadId: checkpoint.uploadId };
  const found = await deps.staging.listParts(upload);
  const isWhole = checkpoint.offset === checkpoint.totalBytes;
  const parts = found ? acknowledgedParts(found, checkpoint) : isWhole ? [] : undefined;
  const { hashState, offset, stagedBy } = checkpoint;
  const digests = parts && (await deps.digests.restore(algorithmsOf(facts), hashState, { key, bytes: offset }));
  return digests && { upload, stagedBy, parts, digests, checkpoint };
}

function acknowledgedParts(
  found: StagedSoFar["parts"],
  { offset, partsDigest }: Checkpoint,
): StagedSoFar["parts"] | undefined {
  let bytes = 0;
  let digest = "";
  for (const [index, part] of found.entries()) {
    bytes += part.bytes;
    digest = chainDigest(digest, part.etag);
    if (bytes === offset) return digest === partsDigest ? found.slice(0, index + 1) : undefined;
  }
  return undefined;
}

/** What a checkpoint knows of the body. */
export function factsOf(checkpoint: Checkpoint, wanted: WantedBody): BodyFacts {
  const { announced, mirror, totalBytes, validator } = checkpoint;
  const origin = originFactsOf(checkpoint);
  return { mirror, origin, announced: decodeAnnounced(announced), wanted, totalBytes, validator };
}

function originFactsOf(facts: OriginFacts): OriginFacts {
  const { contentType, fileName, finalUrl, originEtag, lastModified, contentEncoding, decodedFrom, digestSource } =
    facts;
  return {
    contentType,
    ...(fileName !== undefined && { fileName }),
    ...(finalUrl !== undefined && { finalUrl }),
    ...(originEtag !== undefined && { originEtag }),
    ...(lastModified !== undefined && { lastModified }),
    ...(contentEncoding !== undefined && { contentEncoding }),
    ...(decodedFrom !== undefined && { decodedFrom }),
    ...(digestSource !== undefined && { digestSource }),
  };
}

/** All bytes are staged: only the upload's completion is missing, or its record. */
export async function completeUpload(deps: TransferDeps, soFar: StagedSoFar, facts: BodyFacts): Promise<Transfer> {
  const { totalBytes: bytes } = soFar.checkpoint;
  const digests = soFar.digests.digests();
  judgeWhole(facts, digests, bytes);
  const etag = await completedEtag(deps, soFar);
  const sha256 = present(digests.sha256, "the SHA-256 of a whole body");
  return { sha256, bytes, stagedBy: soFar.stagedBy, etag, ...facts.origin };
}

/** After a crash between the upload's completion and its record, the upload is gone and the whole object is there. */
async function completedEtag(deps: TransferDeps, { upload, parts, checkpoint }: StagedSoFar): Promise<string> {
  if (parts.length > 0) return (await deps.staging.completeUpload(upload, parts)).etag;
  const object = await deps.staging.head(upload.key);
  if (object?.bytes !== checkpoint.totalBytes) throw new UploadGoneError();
  return object.etag;
}
