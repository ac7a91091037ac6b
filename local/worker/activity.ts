import type { Http } from "../../core/ports/http.ts";
import type { Staging } from "../../core/ports/staging.ts";
import { jobIdOfStagingKey } from "../../core/model/keys.ts";
import type { FileUnderWay } from "./messages.ts";

/** What a worker process is downloading at the moment. */
export class Activity {
  readonly #files = new Map<string, number>();
  #bytes = 0;

  begin(jobId: string): void {
    this.#files.set(jobId, 0);
  }

  end(jobId: string): void {
    this.#files.delete(jobId);
  }

  /** The same client, whose bytes are counted. */
  watchHttp(http: Http): Http {
    return {
      request: async (request) => {
        const response = await http.request(request);
        return { ...response, body: this.#counted(response.body) };
      },
    };
  }

  /** The same staging, whose bytes are counted for each file. */
  watchStaging(staging: Staging): Staging {
    return {
      ...staging,
      put: async (key, body, contentType) => {
        const staged = await staging.put(key, body, contentType);
        this.#staged(key, body.length);
        return staged;
      },
      uploadPart: async (upload, partNumber, body) => {
        const staged = await staging.uploadPart(upload, partNumber, body);
        this.#staged(upload.key, body.length);
        return staged;
      },
    };
  }

  report(): { readonly bytes: number; readonly files: readonly FileUnderWay[] } {
    const bytes = this.#bytes;
    this.#bytes = 0;
    return { bytes, files: [...this.#files].map(([jobId, staged]) => ({ jobId, bytes: staged })) };
  }

  async *#counted(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      this.#bytes += piece.length;
      yield piece;
    }
  }

  #staged(key: string, bytes: number): void {
    const jobId = jobIdOfStagingKey(key);
    const before = this.#files.get(jobId);
    if (before !== undefined) this.#files.set(jobId, before + bytes);
  }
}
