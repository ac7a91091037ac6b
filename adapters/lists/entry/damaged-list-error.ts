/** The list cannot be read from here on. The message says why, and what to do. */
export class DamagedListError extends Error {
  override readonly name = "DamagedListError";
}
