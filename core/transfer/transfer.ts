import { BodyStager, PartNotStoredError } from "./body-stager.ts";
import { refuseLarger, type BodyFacts } from "./body-facts.ts";
import type { WantedBody } from "./wanted-body.ts";
import { HostWaitsError, RetryableError } from "../model/errors.ts";
import { announcedDigests } from "../origin/announced-digests.ts";
import { contentTypeOf, refusalError, strongValidatorOf, wholeLengthOf } from "../origin/answer.ts";
import { askOrigin, type OriginAnswer } from "../origin/ask.ts";
import { contentCoding, transferCodings } from "../origin/content-coding.ts";
import { originFactsIn } from "../origin/facts.ts";
import type { Transfer } from "../model/record.ts";
import { decodedBody } from "./decoded-body.ts";
import { parallelBody } from "./parallel-body.ts";
import { handOverLong, watchTransfer, type Watch } from "./short-lane.ts";
import { continuesFrom, decideResume, rangeHeaders } from "./resume.ts";
import { HEAD_BYTES, sniffedBody } from "./sniffed-body.ts";
import { steadyBody } from "./steady-body.ts";
import { completeUpload, factsOf, takeUp } from "./take-up.ts";
import type { StagingOwner, TransferDeps } from "./transfer-deps.ts";
import { refuseHead, refuseUnwanted } from "./unwanted.ts";

export interface TransferRequest {
  readonly url: string;
  /** The same URL, if it is not the job's own. */
  readonly mirror?: string | undefined;
  /** Request headers that no other origin may get. */
  readonly ownHeaders?: Readonly<Record<string, string>>;
  /** What was stored before, and is asked for only if it has changed. */
  readonly before?: Before | undefined;
  readonly wanted: WantedBody;
  /** The length that HEAD has told. */
  readonly announcedBytes: number | undefined;
  readonly signal: AbortSignal;
}

interface Before {
  readonly jobId: string;
  readonly transfer: Transfer;
}

interface WatchedRequest extends TransferRequest {
  readonly watch: Watch;
  /** The attempt has lost a part that it did not hold in memory, and goes on from the checkpoint before it. */
  readonly holdsParts?: true;
}

/** Stages the whole body. Continues from the owner's checkpoint if the origin still has that version. */
export async function transferBody(
  deps: TransferDeps,
  owner: StagingOwner,
  request: TransferRequest,
): Promise<Transfer> {
  // What was stored before is hardly fetched again, however long it is.
  if (!request.before) handOverLong(deps.settings, request.announcedBytes);
  const watch = watchTransfer(deps, request.signal);
  const watched = { ...request, signal: watch.signal, watch };
  const transfer = await fetchBody(deps, owner, watched).catch(async (error: unknown) => {
    if (!(error instanceof PartNotStoredError)) throw error;
    return fetchBody(deps, owner, { ...watched, holdsParts: true }).catch((again: unknown) => {
      // That the part was not stored is no fault of the host, which has a place only later: the attempt is charged.
      throw again instanceof HostWaitsError ? error.cause : again;
    });
  });
  return request.before ? { ...transfer, previousJob: request.before.jobId } : transfer;
}

async function fetchBody(deps: TransferDeps, owner: StagingOwner, request: WatchedRequest): Promise<Transfer> {
  const begun = owner.checkpoint?.mirror === request.mirror ? owner.checkpoint : undefined;
  const decision = decideResume(begun);
  if (decision.kind === "start over") return begin(deps, owner, request);

  const { checkpoint } = decision;
  const facts = factsOf(checkpoint, request.wanted);
  const soFar = await takeUp(deps, owner, checkpoint, facts);
  if (soFar && decision.kind === "complete") return completeUpload(deps, soFar, facts);
  if (!soFar) return begin(deps, owner, request);

  const { offset } = checkpoint;
  const answer = await get(deps, request, rangeHeaders(checkpoint, { offset }));
  const { response } = answer;
  if (continuesFrom(checkpoint, { offset }, response)) {
    if (!request.holdsParts) owner.noteResumed(offset);
    const rest = parallelBody(deps, {
      ...request,
      finalUrl: answer.url,
      answer: response,
      offset,
      version: checkpoint,
      isNeverEmpty: false,
    });
    const staging = { soFar, holdsParts: request.holdsParts };
    return new BodyStager(deps, owner, facts, staging).stage(request.watch.body(rest));
  }
  const isAnotherVersion = response.status === 200;
  if (isAnotherVersion) return startOver(deps, owner, request, answer);
  response.discard();
  const isUselessRange = response.status === 206 || response.status === 416;
  const refusal = isUselessRange ? undefined : refusalError(response, deps.clock.nowMs());
  if (refusal) throw refusal;
  return startOver(deps, owner, request, await get(deps, request));
}

/** From the first byte, unless what was stored before is still what the origin has. */
async function begin(deps: TransferDeps, owner: StagingOwner, request: WatchedRequest): Promise<Transfer> {
  const { before } = request;
  const answer = await get(deps, request, before && unlessSame(before.transfer));
  if (before && answer.response.status === 304) {
    answer.response.discard();
    const { placed: _, ...stored } = before.transfer;
    return { ...stored, isUnchanged: true };
  }
  return startOver(deps, owner, request, answer);
}

const unlessSame = ({ lastModified, originEtag }: Transfer): Readonly<Record<string, string>> => ({
  ...(originEtag !== undefined && { "if-none-match": originEtag }),
  ...(lastModified !== undefined && { "if-modified-since": lastModified }),
});

const get = async (
  deps: TransferDeps,
  { ownHeaders, signal, url }: TransferRequest,
  headers: Readonly<Record<string, string>> = {},
): Promise<OriginAnswer> => askOrigin(deps, { method: "GET", url, headers, ownHeaders, signal });

async function startOver(
  deps: TransferDeps,
  owner: StagingOwner,
  request: WatchedRequest,
  answer: OriginAnswer,
): Promise<Transfer> {
  const { response } = answer;
  const { wanted } = request;
  const totalBytes = wholeLengthOf(response);
  try {
    const refusal = refusalError(response, deps.clock.nowMs());
    if (refusal) throw refusal;
    if (response.status === 206 && totalBytes === undefined) throw new RetryableError("unasked_part");
    refuseUnwanted(deps.settings, contentTypeOf(response), totalBytes);
    refuseLarger(wanted, totalBytes ?? 0);
    handOverLong(deps.settings, totalBytes);
  } catch (error) {
    response.discard();
    throw error;
  }
  deps.heads.delivered(request.url, deps.clock.nowMs());

  const validator = strongValidatorOf(response);
  const hasRanges = validator !== undefined && totalBytes !== undefined && response.headers["accept-ranges"] !== "none";
  const transferred = transferCodings(response);
  const coding = contentCoding(response, [request.url, answer.url], deps);
  // A coding that is taken away leaves no bytes to which a range, a length or a digest of the origin would apply.
  const isDecoded = coding.decode.length > 0;
  const framed = (isDecoded ? steadyBody : parallelBody)(deps, {
    ...request,
    finalUrl: answer.url,
    answer: response,
    offset: 0,
    version: hasRanges ? { validator, totalBytes } : undefined,
    isNeverEmpty: (request.announcedBytes ?? 0) > 0,
  });
  const watched = request.watch.body(framed);
  const raw = transferred.length > 0 ? decodedBody(deps, watched, transferred, []) : watched;
  const announced = announcedDigests(response.headers);
  const origin = originFactsIn(answer, {
    job: request.mirror === undefined ? request.url : undefined,
    coding,
    announced,
  });
  const facts: BodyFacts = {
    mirror: request.mirror,
    origin,
    wanted,
    announced: isDecoded ? [] : announced,
    totalBytes: isDecoded ? undefined : totalBytes,
    validator: owner.keepsCheckpoints && !isDecoded ? validator : undefined,
  };
  const body = isDecoded ? decodedBody(deps, raw, coding.decode, announced) : raw;
  // No more than a part: what is held back here is not staged.
  const headBytes = Math.min(HEAD_BYTES, deps.buffers.bytes);
  const sniffed = sniffedBody(body, headBytes, (head) => refuseHead(head, origin, wanted));
  return new BodyStager(deps, owner, facts, { holdsParts: request.holdsParts }).stage(sniffed);
}
