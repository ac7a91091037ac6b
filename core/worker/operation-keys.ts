import { operationKeyOf } from "../model/keys.ts";
import type { Operation } from "../model/operations.ts";

/** The keys of one job's operations. A key is a hash that an attempt needs several times. */
export class OperationKeys {
  readonly #jobId: string;
  readonly #keys = new Map<string, string>();

  constructor(jobId: string) {
    this.#jobId = jobId;
  }

  of({ context, type }: Operation): string {
    // The step before an operation has made an operation like it.
    const name = `${type} ${Object.values(context).join(" ")}`;
    const key = this.#keys.get(name) ?? operationKeyOf(type, this.#jobId, context);
    this.#keys.set(name, key);
    return key;
  }
}
