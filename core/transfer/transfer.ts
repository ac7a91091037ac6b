import { BodyStager, chainDigest, type BodyFacts, type StagedSoFar } from "./body-stager.ts";
import { RetryableError, UploadGoneError } from "../model/errors.ts";
import { stagingKey } from "../model/keys.ts";
import { contentLengthOf, contentRangeOf, contentTypeOf, refusalError, strongValidatorOf } from "../origin/answer.ts";
import { askOrigin, type OriginAnswer } from "../origin/ask.ts";
import { fileNameOf } from "../origin/file-name.ts";
import type { HttpResponse } from "../ports/http.ts";
import type { Checkpoint, Transfer } from "../model/record.ts";
import { continuesFrom, decideResume, rangeFrom } from "./resume.ts";
import { steadyBody } from "./steady-body.ts";
import type { StagingOwner, TransferDeps } from "./transfer-deps.ts";
import { refuseUnwanted } from "./unwanted.ts";

export interface TransferRequest {
  readonly url: string;
  /** The length that HEAD has told. */
  readonly announcedBytes: number | undefined;
  readonly signal: AbortSignal;
}

/** Stages the whole body. Continues from the owner's checkpoint if the origin still has that version. */
export async function transferBody(
  deps: TransferDeps,
  owner: StagingOwner,
  request: TransferRequest,
): Promise<Transfer> {
  const { readers } = deps.buffers;
  await readers.acquire();
  try {
    return await fetchBody(deps, owner, request);
  } finally {
    readers.release();
  }
}

async function fetchBody(deps: TransferDeps, owner: StagingOwner, request: TransferRequest): Promise<Transfer> {
  const decision = decideResume(owner.checkpoint);
  if (decision.kind === "start over") return startOver(deps, owner, request, await get(deps, request));

  const { checkpoint } = decision;
  const soFar = await takeUp(deps, owner, checkpoint);
  if (soFar && decision.kind === "complete") return completeUpload(deps, soFar);
  if (!soFar) return startOver(deps, owner, request, await get(deps, request));

  const answer = await get(deps, request, rangeFrom(checkpoint, checkpoint.offset));
  const { response } = answer;
  if (continuesFrom(checkpoint, checkpoint.offset, response)) {
    owner.noteResumed(checkpoint.offset);
    const { offset } = checkpoint;
    const rest = steadyBody(deps, { ...request, answer: response, offset, version: checkpoint, isNeverEmpty: false });
    return new BodyStager(deps, owner, checkpoint, soFar).stage(rest);
  }
  const isAnotherVersion = response.status === 200;
  if (isAnotherVersion) return startOver(deps, owner, request, answer);
  response.discard();
  const isUselessRange = response.status === 206 || response.status === 416;
  const refusal = isUselessRange ? undefined : refusalError(response, deps.clock.nowMs());
  if (refusal) throw refusal;
  return startOver(deps, owner, request, await get(deps, request));
}

const get = async (
  deps: TransferDeps,
  { url, signal }: TransferRequest,
  headers: Readonly<Record<string, string>> = {},
): Promise<OriginAnswer> => askOrigin(deps, { method: "GET", url, headers, signal });

async function startOver(
  deps: TransferDeps,
  owner: StagingOwner,
  request: TransferRequest,
  { response }: OriginAnswer,
): Promise<Transfer> {
  const fileName = fileNameOf(response.headers["content-disposition"]);
  const validator = strongValidatorOf(response);
  const totalBytes = wholeLengthOf(response);
  const facts: BodyFacts = {
    ...(fileName !== undefined && { fileName }),
    contentType: contentTypeOf(response),
    totalBytes,
    validator: owner.keepsCheckpoints ? validator : undefined,
  };
  try {
    const refusal = refusalError(response, deps.clock.nowMs());
    if (refusal) throw refusal;
    if (response.status === 206 && totalBytes === undefined) throw new RetryableError("unasked_part");
    refuseUnwanted(deps.settings, facts.contentType, totalBytes);
  } catch (error) {
    response.discard();
    throw error;
  }
  deps.heads.delivered(request.url, deps.clock.nowMs());
  const hasRanges = validator !== undefined && totalBytes !== undefined && response.headers["accept-ranges"] !== "none";
  const body = steadyBody(deps, {
    ...request,
    answer: response,
    offset: 0,
    version: hasRanges ? { validator, totalBytes } : undefined,
    isNeverEmpty: (request.announcedBytes ?? 0) > 0,
  });
  return new BodyStager(deps, owner, facts).stage(body);
}

/** The length of the whole file. A part that nobody asked for has one only if it is the whole. */
function wholeLengthOf(response: HttpResponse): number | undefined {
  if (response.status !== 206) return contentLengthOf(response);
  const range = contentRangeOf(response);
  return range?.start === 0 && range.end === range.totalBytes - 1 ? range.totalBytes : undefined;
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
