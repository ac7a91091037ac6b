import { PermanentError } from "../model/errors.ts";
import type { JobOrder } from "../model/order.ts";
import { matchesHost } from "../origin/reach.ts";
import type { Secrets } from "../ports/secrets.ts";

type Headers = Readonly<Record<string, string>>;

/**
 * The headers that a job asks for, with those of its secret if the host may get them.
 * @param isMirror a mirror on a host that may not get the secret is asked without it.
 * @throws PermanentError (policy) when there is no such secret, or it is not for the host of the job's own URL.
 */
export async function ownHeaders(
  secrets: Secrets,
  order: JobOrder | undefined,
  url: string,
  isMirror: boolean,
): Promise<Headers> {
  const plain = Object.fromEntries(
    Object.entries(order?.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  if (order?.auth === undefined) return plain;
  const secret = await secrets.read(order.auth);
  if (!secret) throw new PermanentError(`secret_unknown:${order.auth}`, "policy");
  const { hostname } = new URL(url);
  if (secret.hosts.some((pattern) => matchesHost(hostname, pattern))) return { ...plain, ...secret.headers };
  if (isMirror) return plain;
  throw new PermanentError(`secret_not_for_host:${hostname}`, "policy");
}
