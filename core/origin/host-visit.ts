import { PermanentError, type HostWaitsError } from "../model/errors.ts";
import type { HttpResponse } from "../ports/http.ts";

/** What one job may do at the hosts that it meets. */
export interface HostVisit {
  /**
   * Takes a place at the URL's host, and a time for the request.
   * @returns what to await when there is a connection: the request is to be sent as soon as it resolves. Undefined: at
   * any time. It waits for some seconds at most, and takes a new time if the connection was there too late.
   * @throws HostWaitsError, at once or from what is awaited, when the host has no place for it before.
   */
  admit(url: URL, signal: AbortSignal): Promise<(() => Promise<void>) | undefined>;
  /** To be told before each request how far apart two of them must be, by the host's robots.txt. 0: it says nothing. */
  keepsApart(url: URL, delayMs: number): Promise<void>;
  /** To be told of each answer, and of each request that got none. */
  answered(url: URL, askedAtMs: number, response: HttpResponse): Promise<void>;
  failed(url: URL, askedAtMs: number, error: unknown): Promise<void>;
  /** Asks for further connections to a host at which the job is. @returns how many it may have, down to none. */
  widen(url: string, connections: number): Promise<number>;
  /** Whether a request that only informs should be spared. */
  isPrecious(url: string): boolean;
  /** The host of the last request counts as down: what becomes of its jobs. */
  readonly trouble: HostWaitsError | undefined;
  /** Aborted when the job's place at a host is somebody else's now. */
  readonly lost: AbortSignal;
}

/** No host has limits. */
export const FREE: HostVisit = {
  admit: async () => undefined,
  keepsApart: async () => undefined,
  answered: async () => undefined,
  failed: async () => undefined,
  widen: async (_url, connections) => connections,
  isPrecious: () => false,
  trouble: undefined,
  lost: new AbortController().signal,
};

/** The job has waited long enough for hosts that are down. */
export const GIVEN_UP: HostVisit = {
  ...FREE,
  admit: async () => {
    throw new PermanentError("host_down", "origin");
  },
};
