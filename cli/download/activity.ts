import { z } from "zod";
import { fileLabel } from "../../local/shared/words.ts";

export interface FileUnderWay {
  readonly label: string;
  /** Bytes staged in this run. */
  readonly bytes: number;
}

interface Transfer extends FileUnderWay {
  isLeased: boolean;
  stagedBy: string;
  bytes: number;
}

const leaseEvent = z.object({ event: z.enum(["job_leased", "lease_released"]), job_id: z.string() });

/** The transfers in progress, derived from telemetry and from bytes that arrive in staging. */
export class Activity {
  readonly #urlOf: (jobId: string) => string | undefined;
  readonly #transfers = new Map<string, Transfer>();
  #bytes = 0;
  #takeovers = 0;

  constructor(urlOf: (jobId: string) => string | undefined) {
    this.#urlOf = urlOf;
  }

  /** Bytes staged in this run, including bytes that were fetched again. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Leases taken on jobs whose previous holder never released its lease: it crashed, or seemed to have crashed. */
  get takeovers(): number {
    return this.#takeovers;
  }

  underWay(): readonly FileUnderWay[] {
    return [...this.#transfers.values()];
  }

  hearTelemetry(line: unknown): void {
    const lease = leaseEvent.safeParse(line).data;
    if (lease?.event === "lease_released") this.end(lease.job_id);
    const transfer = lease?.event === "job_leased" && this.#transferOf(lease.job_id);
    if (!transfer) return;
    if (transfer.isLeased) this.#takeovers += 1;
    transfer.isLeased = true;
  }

  /** `key` is `staging/<job id>/<attempt>`. */
  hearStaged({ key, bytes }: { readonly key: string; readonly bytes: number }): void {
    this.#bytes += bytes;
    const [, jobId = "", stagedBy = ""] = key.split("/");
    const transfer = this.#transferOf(jobId);
    if (!transfer) return;
    transfer.bytes = transfer.stagedBy === stagedBy ? transfer.bytes + bytes : bytes;
    transfer.stagedBy = stagedBy;
  }

  end(jobId: string): void {
    this.#transfers.delete(jobId);
  }

  #transferOf(jobId: string): Transfer | undefined {
    const known = this.#transfers.get(jobId);
    const url = this.#urlOf(jobId);
    if (known || url === undefined) return known;
    const transfer = { label: fileLabel(url), bytes: 0, stagedBy: "", isLeased: false };
    this.#transfers.set(jobId, transfer);
    return transfer;
  }
}
