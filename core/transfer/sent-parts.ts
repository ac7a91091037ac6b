import { hash } from "node:crypto";
import { stagingKey } from "../model/keys.ts";
import { present } from "../model/present.ts";
import type { Checkpoint } from "../model/record.ts";
import type { StagedPart, StagedUpload } from "../ports/staging.ts";
import { encodeAnnounced, type BodyFacts } from "./body-facts.ts";
import type { StagingOwner, TransferDeps } from "./transfer-deps.ts";

export interface SentPart {
  readonly bytes: number;
  readonly hashState: string;
  etag?: string;
}

const bytesOf = (parts: readonly SentPart[]): number => parts.reduce((sum, { bytes }) => sum + bytes, 0);

interface Staged {
  readonly stagedBy: string;
  /** Undefined: nothing was staged before. */
  readonly parts: readonly StagedPart[] | undefined;
}

/** Each link depends on all ETags before it, so equal digests mean equal parts. */
export const chainDigest = (digest: string, etag: string): string => hash("sha256", `${digest}:${etag}`).slice(0, 32);

/** The parts of an upload, and their checkpoints: one is saved when all parts before it are acknowledged. */
export class SentParts {
  readonly #deps: TransferDeps;
  readonly #owner: StagingOwner;
  readonly #facts: BodyFacts;
  readonly #stagedBy: string;
  readonly #parts: SentPart[];
  readonly #isProgress: boolean;
  #superseded: Checkpoint | undefined;
  #savedParts: number;
  #checkpointedParts: number;
  #isSaving = false;
  #saving: Promise<void> = Promise.resolve();
  #failure: unknown;

  constructor(deps: TransferDeps, owner: StagingOwner, facts: BodyFacts, { parts, stagedBy }: Staged) {
    this.#deps = deps;
    this.#owner = owner;
    this.#facts = facts;
    this.#stagedBy = stagedBy;
    this.#superseded = parts ? undefined : owner.checkpoint;
    this.#isProgress = this.#superseded === undefined;
    this.#parts = parts?.map(({ bytes, etag }) => ({ bytes, etag, hashState: "" })) ?? [];
    this.#savedParts = this.#parts.length;
    this.#checkpointedParts = this.#parts.length;
  }

  get count(): number {
    return this.#parts.length;
  }

  get bytes(): number {
    return bytesOf(this.#parts);
  }

  /** Whether a later attempt can go on after a part. */
  get areResumable(): boolean {
    return this.#facts.totalBytes !== undefined && this.#facts.validator !== undefined;
  }

  /** Whether a checkpoint names the upload, or is about to. */
  get isSaved(): boolean {
    return this.#savedParts > 0;
  }

  /** How many would have to be sent again; if the transfer cannot be resumed, how many only a crash would lose. */
  get ahead(): number {
    return this.#parts.length - (this.areResumable ? this.#checkpointedParts : this.#acknowledged());
  }

  /** What to wait for while a checkpoint is being saved. It never fails: see `throwIfFailed`. */
  get saving(): readonly Promise<void>[] {
    return this.#isSaving ? [this.#saving] : [];
  }

  add(bytes: number, hashState: string): SentPart {
    const part: SentPart = { bytes, hashState };
    this.#parts.push(part);
    return part;
  }

  acknowledged(part: SentPart, etag: string, upload: StagedUpload): void {
    part.etag = etag;
    if (!this.#isSaving) this.#saving = this.#saveProgress(upload);
  }

  failed(error: unknown): void {
    this.#failure ??= error;
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  inOrder(): readonly StagedPart[] {
    return this.#parts.map(({ bytes, etag }, index) => ({
      partNumber: index + 1,
      bytes,
      etag: present(etag, "the ETag of an uploaded part"),
    }));
  }

  /** Saves one checkpoint at a time. Parts that are acknowledged in the meantime go into the next one. */
  async #saveProgress(upload: StagedUpload): Promise<void> {
    this.#isSaving = true;
    try {
      for (let next = this.#checkpointAhead(upload); next; next = this.#checkpointAhead(upload)) {
        await this.#owner.saveCheckpoint(next, this.#isProgress);
        this.#checkpointedParts = this.#savedParts;
        await this.#abortSuperseded();
      }
    } catch (error) {
      this.failed(error);
    } finally {
      this.#isSaving = false;
    }
  }

  #checkpointAhead({ uploadId }: StagedUpload): Checkpoint | undefined {
    const { announced, mirror, origin, totalBytes, validator } = this.#facts;
    const acknowledged = this.#acknowledged();
    const last = this.#parts[acknowledged - 1];
    if (!last || totalBytes === undefined || validator === undefined) return undefined;
    if (acknowledged === this.#savedParts) return undefined;
    this.#savedParts = acknowledged;
    const done = this.#parts.slice(0, acknowledged);
    return {
      stagedBy: this.#stagedBy,
      uploadId,
      validator,
      totalBytes,
      offset: bytesOf(done),
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
}
