import { verdictOn } from "../origin/statuses.ts";
import type { Clock } from "../ports/runtime.ts";
import type { Http, HttpRequest } from "../ports/http.ts";
import type { Buffers } from "../transfer/part-buffers.ts";
import type { WorkerDeps } from "../worker/worker-deps.ts";

/** An origin that sends neither an answer nor `LEAST_BYTES` for so long is quiet. Well origins answer sooner. */
const QUIET_MS = 750;
/**
 * 1.4 KB a second: little more than the speed below which an origin is given up. With a higher one all downloads over a
 * thin line would be quiet, others would begin beside them, and none would get through.
 */
const LEAST_BYTES = 1024;

/** Tells when one delivery begins to wait for others than this machine, and when it goes on. */
export class QuietWatch {
  readonly #clock: Pick<Clock, "after" | "nowMs">;
  readonly #onChange: (isQuiet: boolean) => void;
  #isQuiet = false;
  /** Answers, pieces of bodies and buffers that are waited for. */
  #waits = 0;
  #bytes = 0;
  #heardMs: number;
  #isRefused = false;
  #stopLooking: () => void = () => undefined;

  constructor(clock: Pick<Clock, "after" | "nowMs">, onChange: (isQuiet: boolean) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
    this.#heardMs = clock.nowMs();
    this.#lookAfter(QUIET_MS);
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
    this.#lookAfter(QUIET_MS);
  }

  #look(): void {
    const leftMs = this.#heardMs + QUIET_MS - this.#clock.nowMs();
    if (this.#waits === 0 || leftMs > 0) {
      this.#lookAfter(leftMs > 0 ? leftMs : QUIET_MS);
      return;
    }
    this.#isQuiet = true;
    this.#onChange(true);
  }

  #lookAfter(delayMs: number): void {
    this.#stopLooking = this.#clock.after(delayMs, () => this.#look());
  }
}
