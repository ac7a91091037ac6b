/** A situation that our own code, or a service's contract, rules out. Its stack in the log shows where to look. */
class ImpossibleError extends Error {
  override readonly name = "ImpossibleError";
}

/**
 * Asserts that a value is not undefined.
 * @param what names the value, for example "the ETag of an uploaded part".
 * @throws ImpossibleError when the value is undefined.
 */
export function present<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value;
  throw new ImpossibleError(`Missing: ${what}. This should be impossible. Please report it with this stack.`);
}
