/** Something that our own code, or the contract of a service, rules out. Its stack in the log shows where to look. */
export class ImpossibleError extends Error {
  override readonly name = "ImpossibleError";
}

/**
 * Asserts that a value is there.
 * @param what names the value: "the ETag of an uploaded part".
 * @throws ImpossibleError when it is missing.
 */
export function present<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value;
  throw new ImpossibleError(`Missing: ${what}. This should be impossible. Please report it with this stack.`);
}
