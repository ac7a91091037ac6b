import type { Telemetry } from "../ports/telemetry.ts";

/** What went wrong in a run that goes on all the same. The run fails at its end, so that somebody is told. */
export class Failures {
  readonly #telemetry: Telemetry;
  readonly #errors: unknown[] = [];

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
  }

  /** @param what a clause: "shard 3 of the watch index could not be read". */
  add(what: string, error: unknown): void {
    this.#errors.push(error);
    this.#telemetry.log("error", `In a run of the reconciler, ${what}. The run goes on with the rest.`, {}, error);
  }

  /** @throws AggregateError when anything was added. */
  throwIfAny(): void {
    if (this.#errors.length > 0)
      throw new AggregateError(this.#errors, `${this.#errors.length} calls of the run failed. The log has each.`);
  }
}
