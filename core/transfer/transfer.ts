import { BodyStager, chainDigest, type BodyFacts, type StagedSoFar } from "./body-stager.ts";
import { UploadGoneError } from "../model/errors.ts";
import { stagingKey } from "../model/keys.ts";
import { fileNameOf } from "./content-disposition.ts";
import { askOrigin, contentLengthOf, contentTypeOf, refuseUnwanted, statusError, strongValidatorOf } from "./origin.ts";
import type { HttpResponse } from "../ports/http.ts";
import type { Checkpoint, Transfer } from "../model/record.ts";
import { continuesFrom, decideResume, resumeHeaders } from "./resume.ts";
import type { StagingOwner, TransferDeps } from "./transfer-deps.ts";

/** Stages the whole body. Continues from the owner's checkpoint if the origin still has that version. */
export async function transferBody(
  deps: TransferDeps,
  owner: StagingOwner,
  url: string,
  signal: AbortSignal,
): Promise<Transfer> {
  const { readers } = deps.buffers;
  await readers.acquire();
  try {
    return await fetchBody(deps, owner, url, signal);
  } finally {
    readers.release();
  }
}

async function fetchBody(deps: TransferDeps, owner: StagingOwner, url: string, signal: AbortSignal): Promise<Transfer> {
  const decision = decideResume(owner.checkpoint);
  if (decision.kind === "start over") return startOver(deps, owner, await get(deps, url, signal), signal);

  const { checkpoint } = decision;
  const soFar = await takeUp(deps, owner, checkpoint);
  if (soFar && decision.kind === "complete") return completeUpload(deps, soFar);
  if (!soFar) return startOver(deps, owner, await get(deps, url, signal), signal);

  const response = await get(deps, url, signal, resumeHeaders(checkpoint));
  if (continuesFrom(checkpoint, response)) {
    owner.noteResumed(checkpoint.offset);
    return new BodyStager(deps, owner, checkpoint, soFar).stage(untilAborted(response.body, signal));
  }
  const isAnotherVersion = response.status === 200;
  if (isAnotherVersion) return startOver(deps, owner, response, signal);
  response.discard();
  if (response.status !== 206 && response.status !== 416) throw statusError(response, deps.clock.nowMs());
  return startOver(deps, owner, await get(deps, url, signal), signal);
}

async function get(
  deps: TransferDeps,
  url: string,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpResponse> {
  return askOrigin(deps, { method: "GET", url, headers, signal });
}

async function startOver(
  deps: TransferDeps,
  owner: StagingOwner,
  response: HttpResponse,
  signal: AbortSignal,
): Promise<Transfer> {
  const fileName = fileNameOf(response.headers["content-disposition"]);
  const facts: BodyFacts = {
    ...(fileName !== undefined && { fileName }),
    contentType: contentTypeOf(response),
    totalBytes: contentLengthOf(response),
    validator: owner.keepsCheckpoints ? strongValidatorOf(response) : undefined,
  };
  try {
    if (response.status !== 200) throw statusError(response, deps.clock.nowMs());
    refuseUnwanted(deps.settings, facts.contentType, facts.totalBytes);
  } catch (error) {
    response.discard();
    throw error;
  }
  return new BodyStager(deps, owner, facts).stage(untilAborted(response.body, signal));
}

/** Stops between two pieces when aborted: a body that never ends must not outlive the lease or the invocation. */
async function* untilAborted(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array> {
  for await (const chunk of body) {
    signal.throwIfAborted();
    yield chunk;
  }
}

/** What the checkpoint refers to; undefined if it is no longer there or has changed. */
async function takeUp(
  deps: TransferDeps,
  owner: StagingOwner,
  checkpoint: Checkpoint,
): Promise<StagedSoFar | undefined> {
  const key = stagingKey(owner.jobId, checkpoint.stagedBy);
  const upload = { key, uploadId: checkpoint.uploadId };
  const found = await deps.staging.listParts(upload);
  const isWhole = checkpoint.offset === checkpoint.totalBytes;
  const parts = found ? acknowledgedParts(found, checkpoint) : isWhole ? [] : undefined;
  const hash = parts && (await deps.sha256.restore(checkpoint.hashState, { key, bytes: checkpoint.offset }));
  return hash && { upload, stagedBy: checkpoint.stagedBy, parts, hash, checkpoint };
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

async function completeUpload(deps: TransferDeps, soFar: StagedSoFar): Promise<Transfer> {
  const { hash, checkpoint, stagedBy } = soFar;
  const etag = await completedEtag(deps, soFar);
  const { contentType, fileName, totalBytes } = checkpoint;
  const named = fileName === undefined ? {} : { fileName };
  return { sha256: hash.digest(), bytes: totalBytes, contentType, stagedBy, etag, ...named };
}

/** After a crash between the upload's completion and its record, the upload is gone and the whole object is there. */
async function completedEtag(deps: TransferDeps, { upload, parts, checkpoint }: StagedSoFar): Promise<string> {
  if (parts.length > 0) return (await deps.staging.completeUpload(upload, parts)).etag;
  const object = await deps.staging.head(upload.key);
  if (object?.bytes !== checkpoint.totalBytes) throw new UploadGoneError();
  return object.etag;
}
