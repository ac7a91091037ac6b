/** A file of a batch cannot be read. Somebody has changed or removed it. */
export class DamagedBatchError extends Error {
  override readonly name = "DamagedBatchError";

  constructor(key: string, what: string, options?: ErrorOptions) {
    super(`The file ${key} of a batch cannot be used: ${what}. Restore it, or submit the list again.`, options);
  }
}
