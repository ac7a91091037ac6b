import { verdictOn } from "../origin/statuses.ts";
import type { Clock } from "../ports/runtime.ts";
import type { Http, HttpRequest } from "../ports/http.ts";
import type { Buffers } from "../transfer/part-buffers.ts";
import type { WorkerDeps } from "../worker/worker-deps.ts";

/**
 * 1.4 to 2 KB a second: little more than the speed below which an origin is given up. With a higher one all downloads
 * over a thin line would be quiet, others would begin beside them, and none would get through.
 */
const LEAST_BYTES = 1024;

/** Tells when one delivery begins to wait for others than this machine, and when it goes on. */
export class QuietWatch {
  readonly #clock: Pick<Clock, "after" | "nowMs">;
  readonly #quietMs: number;
  readonly #onChange: (isQuiet: boolean) => void;
  #isQuiet = false;
  /** Answers, pieces of bodies and buffers that are waited for. */
  #waits = 0;
  #bytes = 0;
  #heardMs: number;
  #isRefused = false;
  #stopLooking: () => void = () => undefined;

  /** @param quietMs for so long, a quiet origin has sent neither an answer nor `LEAST_BYTES`. Well ones do sooner. */
  constructor(clock: Pick<Clock, "after" | "nowMs">, quietMs: number, onChange: (isQuiet: boolean) => void) {
    this.#clock = clock;
    this.#quietMs = quietMs;
    this.#onChange = onChange;
    this.#heardMs = clock.nowMs();
    this.#lookAfter(this.#quietMs);
  }

  /** Whether the last answer was none, broke off, or says that another time may be better. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** The same, whose waits for an origin, and for a buffer that other bodies hold, are watched. */
  watched(deps: WorkerDeps): WorkerDeps {
    return { ...deps, http: this.#watchedHttp(deps.http), buffers: this.#watchedBuffers(deps.buffers) };
  }

  stop(): void {
    this.#stopLooking();
  }

  #watchedHttp(http: Http): Http {
    return {
      request: async (request) => {
        this.#heardMs = this.#clock.nowMs();
        const response = await this.#waitFor(async () => http.request(this.#apartFromPace(request)));
        this.#isRefused = verdictOn(response.status) === "retry";
        this.#heard();
        return { ...response, body: this.#pieces(response.body) };
      },
    };
  }

  /** What waits for its host's pace does not wait for the origin. */
  #apartFromPace(request: HttpRequest): HttpRequest {
    const { whenDue } = request;
    if (!whenDue) return request;
    const untilDue = async (): Promise<void> => {
      this.#waits -= 1;
      await whenDue().finally(() => {
        this.#waits += 1;
        this.#heardMs = this.#clock.nowMs();
      });
    };
    return { ...request, whenDue: untilDue };
  }

  #watchedBuffers(buffers: Buffers): Buffers {
    return {
      bytes: buffers.bytes,
      smallBytes: buffers.smallBytes,
      take: async () => this.#waitFor(async () => buffers.take()),
      takeSpare: () => buffers.takeSpare(),
      giveBack: (buffer) => buffers.giveBack(buffer),
      letGo: () => buffers.letGo(),
    };
  }

  async *#pieces(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const pieces = body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.#waitFor(async () => pieces.next());
        if (next.done) return;
        this.#bytes += next.value.length;
        if (this.#bytes >= LEAST_BYTES) this.#heard();
        yield next.value;
      }
    } finally {
      await pieces.return?.();
    }
  }

  async #waitFor<T>(wait: () => Promise<T>): Promise<T> {
    this.#waits += 1;
    try {
      return await wait();
    } catch (error) {
      this.#isRefused = true;
      throw error;
    } finally {
      this.#waits -= 1;
    }
  }

  #heard(): void {
    this.#bytes = 0;
    this.#heardMs = this.#clock.nowMs();
    if (!this.#isQuiet) return;
    this.#isQuiet = false;
    this.#onChange(false);
    this.#lookAfter(this.#quietMs);
  }

  #look(): void {
    const leftMs = this.#heardMs + this.#quietMs - this.#clock.nowMs();
    if (this.#waits === 0 || leftMs > 0) {
      this.#lookAfter(leftMs > 0 ? leftMs : this.#quietMs);
      return;
    }
    this.#isQuiet = true;
    this.#onChange(true);
  }

  #lookAfter(delayMs: number): void {
    this.#stopLooking = this.#clock.after(delayMs, () => this.#look());
  }
}
