import * as z from "zod/mini";
import { RetryableError } from "../../core/model/errors.ts";
import type { Secret } from "../../core/ports/secrets.ts";

const names = z.string().check(z.toLowerCase());
const secret = z.strictObject({
  hosts: z.array(names).check(z.minLength(1)),
  headers: z.record(names, z.string()),
});

/**
 * Reads what a store holds: `{"hosts": ["*.example.org"], "headers": {"authorization": "Bearer ..."}}`.
 * @throws RetryableError (system) that names the secret, and nothing of what it holds.
 */
export function secretIn(name: string, text: string): Secret {
  try {
    return secret.parse(JSON.parse(text));
  } catch {
    throw new RetryableError(`secret_unreadable:${name}`, { failureClass: "system" });
  }
}
