/** The user must change the command or its input, and the message says how. Nothing was sent. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
