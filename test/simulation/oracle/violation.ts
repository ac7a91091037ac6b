/** A broken invariant. The message says what broke it. */
export class Violation extends Error {
  override readonly name = "Violation";
}
