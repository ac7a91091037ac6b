import { present } from "../model/present.ts";
import { HostWaitsError, LeaseLostError, PermanentError, RetryableError, UploadGoneError } from "../model/errors.ts";
import { contentKey, stagingKey } from "../model/keys.ts";
import type { DirectContent } from "../ports/content.ts";
import type { DigestsByAlgorithm, RunningDigests } from "../ports/digests.ts";
import type { StagedPart, StagedUpload } from "../ports/staging.ts";
import type { Checkpoint, Transfer } from "../model/record.ts";
import { algorithmsOf, judgeWhole, refuseLarger, type BodyFacts } from "./body-facts.ts";
import { contentFactsOf } from "../origin/content-facts.ts";
import { PartInHand, type FullPart } from "./part-in-hand.ts";
import { MOST_PARTS, neededBytes, partBytes } from "./parts/part-sizes.ts";
import { NextPart, Pieces } from "./parts/pieces.ts";
import { SentParts, type SentPart } from "./sent-parts.ts";
import type { StagingOwner, TransferDeps } from "./transfer-deps.ts";
import { digestsOfWhole } from "./whole-digests.ts";

/** What an earlier attempt staged, to be continued. */
export interface StagedSoFar {
  readonly upload: StagedUpload;
  readonly stagedBy: string;
  readonly parts: readonly StagedPart[];
  readonly digests: RunningDigests;
  readonly checkpoint: Checkpoint;
}

export interface Staging {
  readonly soFar?: StagedSoFar | undefined;
  /** Each part is kept in memory until it is acknowledged, so that it can be sent again. */
  readonly holdsParts?: boolean | undefined;
}

/** A part was not stored that was sent while it came. The origin has to send it again. */
export class PartNotStoredError extends Error {
  override readonly name = "PartNotStoredError";

  constructor(cause: unknown) {
    super("A part was not stored that was sent while it came.", { cause });
  }
}

/**
 * How many parts may be ahead of the checkpoint. A crash loses them, and the part being read. They are counted from the
 * checkpoint itself: otherwise one slow part, or one slow write, would let all later parts pile up behind it. Two are
 * enough to keep the connection busy.
 */
const PARTS_AHEAD = 2;

/**
 * Streams one body to staging: as a single object up to the size of a part, as a multipart upload above. A part that
 * fits in a buffer is uploaded while the next one is read. A larger one is sent while it is read, and nothing after it
 * is read before its checkpoint is saved: a crash loses no more than that part.
 */
export class BodyStager {
  readonly #deps: TransferDeps;
  readonly #owner: StagingOwner;
  readonly #facts: BodyFacts;
  readonly #stagedBy: string;
  readonly #holdsParts: boolean;
  readonly #parts: SentParts;
  readonly #inFlight = new Set<Promise<void>>();
  #upload: StagedUpload | undefined;
  #digests: RunningDigests | undefined;
  #received: number;
  readonly #begunAt: { readonly offset: number; readonly ms: number };

  constructor(deps: TransferDeps, owner: StagingOwner, facts: BodyFacts, { soFar, holdsParts = false }: Staging = {}) {
    this.#deps = deps;
    this.#owner = owner;
    this.#facts = facts;
    this.#holdsParts = holdsParts;
    this.#stagedBy = soFar?.stagedBy ?? owner.stagedBy;
    this.#upload = soFar?.upload;
    this.#digests = soFar?.digests;
    this.#parts = new SentParts(deps, owner, facts, { parts: soFar?.parts, stagedBy: this.#stagedBy });
    this.#received = this.#parts.bytes;
    this.#begunAt = { offset: this.#received, ms: deps.clock.nowMs() };
  }

  async stage(body: AsyncIterable<Uint8Array>): Promise<Transfer> {
    try {
      return await this.#stageAll(body);
    } catch (error) {
      await this.#drain();
      if (!(error instanceof LeaseLostError)) await this.#dropWhatCannotBeResumed();
      // A wait is not charged, so it must not hide that a part could not be stored: that could go on for ever.
      if (error instanceof HostWaitsError) this.#parts.throwIfFailed();
      throw error;
    }
  }

  async #stageAll(body: AsyncIterable<Uint8Array>): Promise<Transfer> {
    const pieces = new Pieces(this.#counted(body));
    const part = new PartInHand(this.#deps.buffers);
    try {
      for (let isMore = true; isMore;) {
        const bytes = this.#streamedBytes();
        if (bytes !== undefined) await this.#streamPart(pieces, bytes);
        else if ((isMore = await this.#fill(part, pieces))) await this.#sendPart(await part.handOver());
      }
      this.#checkLength();
      if (!this.#upload) {
        const transfer = await this.#putWhole(part.bytes);
        part.giveBack();
        return transfer;
      }
      if (part.bytes.length > 0) await this.#sendPart(await part.handOver());
    } finally {
      part.end();
      await pieces.close();
    }
    return this.#complete();
  }

  /** @returns whether the part is full, and the body goes on. */
  async #fill(part: PartInHand, pieces: Pieces): Promise<boolean> {
    for (let piece = await pieces.next(); piece; piece = await pieces.next()) {
      if (part.isFull) {
        pieces.leave(piece);
        return true;
      }
      if (!part.hasRoomFor(piece.length)) await part.takeBuffer();
      pieces.leave(piece.subarray(part.add(piece)));
    }
    return false;
  }

  async *#counted(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    const { maxBodyBytes } = this.#deps.settings;
    for await (const piece of body) {
      this.#parts.throwIfFailed();
      this.#received += piece.length;
      if (this.#received > maxBodyBytes) throw new PermanentError("too_large", "policy");
      refuseLarger(this.#facts.wanted, this.#received);
      yield piece;
    }
  }

  #checkLength(): void {
    const { totalBytes } = this.#facts;
    if (totalBytes !== undefined && totalBytes !== this.#received) throw new RetryableError("torn_body");
  }

  async #putWhole(body: Uint8Array): Promise<Transfer> {
    const digests = await digestsOfWhole(this.#deps.digests, algorithmsOf(this.#facts), body);
    judgeWhole(this.#facts, digests, this.#received);
    const { direct, settings, staging } = this.#deps;
    if (direct && body.length < settings.stageFromBytes) return this.#place(direct, digests, body);
    const key = stagingKey(this.#owner.jobId, this.#stagedBy);
    const { etag } = await staging.put(key, body, this.#facts.origin.contentType);
    return this.#transfer(digests, etag);
  }

  /** Safe to repeat, and for whoever has lost the job: the address is that of the content. */
  async #place(direct: DirectContent, digests: DigestsByAlgorithm, body: Uint8Array): Promise<Transfer> {
    const sha256 = present(digests.sha256, "the SHA-256 of a whole body");
    const { bytes, etag, outcome } = await direct.put(contentKey(sha256), body, contentFactsOf(this.#facts.origin));
    if (bytes !== body.length) throw new PermanentError("content_size_mismatch", "system");
    return { ...this.#transfer(digests, etag), placed: outcome };
  }

  /** Takes over the buffer: the caller must not use it any more. */
  async #sendPart({ buffer, length }: FullPart): Promise<void> {
    const { buffers, digests, staging } = this.#deps;
    try {
      await this.#catchUp();
      if (staging.streamPart && this.#parts.count === MOST_PARTS) throw new PermanentError("too_large", "policy");
      this.#digests ??= await digests.create(algorithmsOf(this.#facts));
      this.#upload ??= await staging.createUpload(
        stagingKey(this.#owner.jobId, this.#stagedBy),
        this.#facts.origin.contentType,
      );
    } catch (error) {
      buffers.letGo();
      throw error;
    }
    const body = buffer.subarray(0, length);
    this.#digests.update(body);
    const part = this.#parts.add(length, this.#digests.save());
    const upload = this.#uploadPart(this.#upload, part, this.#parts.count, body, buffer);
    this.#inFlight.add(upload);
    void upload.finally(() => this.#inFlight.delete(upload));
  }

  async #catchUp(): Promise<void> {
    while (!this.#parts.hasFailed && this.#parts.ahead >= PARTS_AHEAD) {
      await Promise.race([...this.#inFlight, ...this.#parts.saving]);
    }
    this.#parts.throwIfFailed();
  }

  async #uploadPart(
    upload: StagedUpload,
    part: SentPart,
    partNumber: number,
    body: Uint8Array,
    buffer: Uint8Array,
  ): Promise<void> {
    let etag: string;
    try {
      ({ etag } = await this.#deps.staging.uploadPart(upload, partNumber, body));
    } catch (error) {
      this.#parts.failed(error);
      this.#deps.buffers.letGo();
      return;
    }
    this.#deps.buffers.giveBack(buffer);
    this.#parts.acknowledged(part, etag, upload);
  }

  /**
   * The length of the next part if it is to be sent while it comes, and not held in memory. An attempt's first part is
   * held: it shows the pace.
   */
  #streamedBytes(): number | undefined {
    const { buffers, clock, staging } = this.#deps;
    const { totalBytes } = this.#facts;
    const { bytes: offset, count: parts } = this.#parts;
    if (!staging.streamPart || totalBytes === undefined || offset === this.#begunAt.offset) return undefined;
    const ms = Math.max(1, clock.nowMs() - this.#begunAt.ms);
    const soFar = { totalBytes, offset, parts, bytesPerMs: (this.#received - this.#begunAt.offset) / ms };
    const isStreamed = this.#parts.areResumable && !this.#holdsParts;
    const bytes = isStreamed ? partBytes(soFar, buffers.bytes) : neededBytes(soFar);
    return bytes > buffers.bytes ? bytes : undefined;
  }

  /** All parts before it are in the checkpoint, and so is it in the end: a crash loses no more than one such part. */
  async #streamPart(pieces: Pieces, bytes: number): Promise<void> {
    await this.#settle();
    const { staging } = this.#deps;
    const upload = present(this.#upload, "the upload of a part that is not the first");
    const digests = present(this.#digests, "the digests of a part that is not the first");
    const part = new NextPart(pieces, bytes, (piece) => digests.update(piece));
    let etag = "";
    try {
      const stored = await staging.streamPart?.(upload, this.#parts.count + 1, part, bytes);
      etag = present(stored, "the answer to a part").etag;
    } catch (error) {
      if (part.failure !== undefined) throw part.failure;
      throw this.#holdsParts || error instanceof UploadGoneError ? error : new PartNotStoredError(error);
    }
    this.#parts.acknowledged(this.#parts.add(bytes, digests.save()), etag, upload);
    await this.#settle();
  }

  async #complete(): Promise<Transfer> {
    await this.#settle();
    if (!this.#upload || !this.#digests) throw new UploadGoneError();
    const digests = this.#digests.digests();
    judgeWhole(this.#facts, digests, this.#received);
    const { etag } = await this.#deps.staging.completeUpload(this.#upload, this.#parts.inOrder());
    return this.#transfer(digests, etag);
  }

  #transfer({ sha256 }: DigestsByAlgorithm, etag: string): Transfer {
    return {
      sha256: present(sha256, "the SHA-256 of a whole body"),
      bytes: this.#received,
      stagedBy: this.#stagedBy,
      etag,
      ...this.#facts.origin,
    };
  }

  async #settle(): Promise<void> {
    await this.#drain();
    this.#parts.throwIfFailed();
  }

  async #drain(): Promise<void> {
    await Promise.all(this.#inFlight);
    await Promise.all(this.#parts.saving);
  }

  async #dropWhatCannotBeResumed(): Promise<void> {
    if (!this.#upload || this.#parts.isSaved) return;
    // If it fails, the reconciler's sweep removes the upload: the transfer's own trouble is what must be told.
    await this.#deps.staging.abortUpload(this.#upload).catch(() => undefined);
  }
}
