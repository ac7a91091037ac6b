import { present } from "../model/present.ts";
import { hash } from "node:crypto";
import { LeaseLostError, PermanentError, RetryableError, UploadGoneError } from "../model/errors.ts";
import { contentKey, stagingKey } from "../model/keys.ts";
import type { DirectContent } from "../ports/content.ts";
import type { DigestsByAlgorithm, RunningDigests } from "../ports/digests.ts";
import type { StagedPart, StagedUpload } from "../ports/staging.ts";
import type { Checkpoint, Transfer } from "../model/record.ts";
import { algorithmsOf, encodeAnnounced, judgeWhole, refuseLarger, type BodyFacts } from "./body-facts.ts";
import { contentFactsOf } from "../origin/content-facts.ts";
import { PartInHand, type FullPart } from "./part-in-hand.ts";
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

/**
 * How many parts may be ahead of the checkpoint. A crash loses them, and the part being read. They are counted from the
 * checkpoint itself: otherwise one slow part, or one slow write, would let all later parts pile up behind it. Two are
 * enough to keep the connection busy.
 */
const PARTS_AHEAD = 2;

interface SentPart {
  readonly bytes: number;
  readonly hashState: string;
  etag?: string;
}

/** Each link depends on all ETags before it, so equal digests mean equal parts. */
export const chainDigest = (digest: string, etag: string): string => hash("sha256", `${digest}:${etag}`).slice(0, 32);

/**
 * Streams one body to staging: as a single object up to the size of a part, as a multipart upload above. Parts are
 * uploaded while the next one is read. A checkpoint is saved when all parts before it are acknowledged, never earlier.
 */
export class BodyStager {
  readonly #deps: TransferDeps;
  readonly #owner: StagingOwner;
  readonly #facts: BodyFacts;
  readonly #stagedBy: string;
  readonly #parts: SentPart[];
  readonly #inFlight = new Set<Promise<void>>();
  readonly #isProgress: boolean;
  #superseded: Checkpoint | undefined;
  #upload: StagedUpload | undefined;
  #digests: RunningDigests | undefined;
  #received: number;
  #savedParts: number;
  #checkpointedParts: number;
  #isSaving = false;
  #saving: Promise<void> | undefined;
  #failure: unknown;

  constructor(deps: TransferDeps, owner: StagingOwner, facts: BodyFacts, soFar?: StagedSoFar) {
    this.#deps = deps;
    this.#owner = owner;
    this.#facts = facts;
    this.#stagedBy = soFar?.stagedBy ?? owner.stagedBy;
    this.#superseded = soFar ? undefined : owner.checkpoint;
    this.#isProgress = this.#superseded === undefined;
    this.#upload = soFar?.upload;
    this.#digests = soFar?.digests;
    this.#parts = soFar?.parts.map(({ bytes, etag }) => ({ bytes, etag, hashState: "" })) ?? [];
    this.#savedParts = this.#parts.length;
    this.#checkpointedParts = this.#parts.length;
    this.#received = soFar ? soFar.checkpoint.offset : 0;
  }

  async stage(body: AsyncIterable<Uint8Array>): Promise<Transfer> {
    try {
      return await this.#stageAll(body);
    } catch (error) {
      await this.#drain();
      if (!(error instanceof LeaseLostError)) await this.#dropWhatCannotBeResumed();
      throw error;
    }
  }

  async #stageAll(body: AsyncIterable<Uint8Array>): Promise<Transfer> {
    const part = new PartInHand(this.#deps.buffers);
    try {
      for await (const chunk of body) {
        this.#count(chunk.length);
        for (let rest = chunk; rest.length > 0; rest = rest.subarray(part.add(rest))) {
          if (part.isFull) await this.#sendPart(await part.handOver());
          if (!part.hasRoomFor(rest.length)) await part.takeBuffer();
        }
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
    }
    return this.#complete();
  }

  #count(bytes: number): void {
    this.#throwIfFailed();
    this.#received += bytes;
    const { maxBodyBytes } = this.#deps.settings;
    if (this.#received > maxBodyBytes) throw new PermanentError("too_large", "policy");
    refuseLarger(this.#facts.wanted, this.#received);
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
    const part: SentPart = { bytes: length, hashState: this.#digests.save() };
    this.#parts.push(part);
    const upload = this.#uploadPart(this.#upload, part, this.#parts.length, body, buffer);
    this.#inFlight.add(upload);
    void upload.finally(() => this.#inFlight.delete(upload));
  }

  async #catchUp(): Promise<void> {
    while (this.#failure === undefined && this.#parts.length - this.#kept() >= PARTS_AHEAD) {
      await Promise.race([...this.#inFlight, ...(this.#isSaving ? [this.#saving] : [])]);
    }
    this.#throwIfFailed();
  }

  async #uploadPart(
    upload: StagedUpload,
    part: SentPart,
    partNumber: number,
    body: Uint8Array,
    buffer: Uint8Array,
  ): Promise<void> {
    try {
      part.etag = (await this.#deps.staging.uploadPart(upload, partNumber, body)).etag;
    } catch (error) {
      this.#failure ??= error;
      this.#deps.buffers.letGo();
      return;
    }
    this.#deps.buffers.giveBack(buffer);
    if (!this.#isSaving) this.#saving = this.#saveProgress();
  }

  /** Saves one checkpoint at a time. Parts that are acknowledged in the meantime go into the next one. */
  async #saveProgress(): Promise<void> {
    this.#isSaving = true;
    try {
      for (let next = this.#checkpointAhead(); next; next = this.#checkpointAhead()) {
        await this.#owner.saveCheckpoint(next, this.#isProgress);
        this.#checkpointedParts = this.#savedParts;
        await this.#abortSuperseded();
      }
    } catch (error) {
      this.#failure ??= error;
    } finally {
      this.#isSaving = false;
    }
  }

  #checkpointAhead(): Checkpoint | undefined {
    const { announced, mirror, origin, totalBytes, validator } = this.#facts;
    const acknowledged = this.#acknowledged();
    const last = this.#parts[acknowledged - 1];
    if (!this.#upload || !last || totalBytes === undefined || validator === undefined) return undefined;
    if (acknowledged === this.#savedParts) return undefined;
    this.#savedParts = acknowledged;
    const done = this.#parts.slice(0, acknowledged);
    return {
      stagedBy: this.#stagedBy,
      uploadId: this.#upload.uploadId,
      validator,
      totalBytes,
      offset: done.reduce((sum, part) => sum + part.bytes, 0),
      hashState: last.hashState,
      partsDigest: done.reduce(
        (digest, part) => chainDigest(digest, present(part.etag, "the ETag of an acknowledged part")),
        "",
      ),
      ...origin,
      ...(mirror !== undefined && { mirror }),
      ...(announced.length > 0 && { announced: encodeAnnounced(announced) }),
    };
  }

  /** Parts that need not be sent again; if the transfer cannot be resumed, parts that only a crash would lose. */
  #kept(): number {
    const isResumable = this.#facts.totalBytes !== undefined && this.#facts.validator !== undefined;
    return isResumable ? this.#checkpointedParts : this.#acknowledged();
  }

  /** How many parts come before the first one that is still in flight. */
  #acknowledged(): number {
    const pending = this.#parts.findIndex((part) => part.etag === undefined);
    return pending === -1 ? this.#parts.length : pending;
  }

  /** Called only after our own checkpoint has replaced the old one: until then a crash would still need that upload. */
  async #abortSuperseded(): Promise<void> {
    if (!this.#superseded) return;
    const { stagedBy, uploadId } = this.#superseded;
    this.#superseded = undefined;
    await this.#deps.staging.abortUpload({ key: stagingKey(this.#owner.jobId, stagedBy), uploadId });
  }

  async #complete(): Promise<Transfer> {
    await this.#drain();
    this.#throwIfFailed();
    if (!this.#upload || !this.#digests) throw new UploadGoneError();
    const digests = this.#digests.digests();
    judgeWhole(this.#facts, digests, this.#received);
    const parts = this.#parts.map(({ bytes, etag }, index) => ({
      partNumber: index + 1,
      bytes,
      etag: present(etag, "the ETag of an uploaded part"),
    }));
    const { etag } = await this.#deps.staging.completeUpload(this.#upload, parts);
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

  async #drain(): Promise<void> {
    await Promise.all(this.#inFlight);
    await this.#saving;
  }

  async #dropWhatCannotBeResumed(): Promise<void> {
    if (!this.#upload || this.#savedParts > 0) return;
    // If it fails, the reconciler's sweep removes the upload: the transfer's own trouble is what must be told.
    await this.#deps.staging.abortUpload(this.#upload).catch(() => undefined);
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}
