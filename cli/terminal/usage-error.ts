/** The person has to change the command or its input; the message says how. Nothing was sent. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
