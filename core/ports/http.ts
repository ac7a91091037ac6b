export interface HttpRequest {
  readonly method: "HEAD" | "GET";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** How long to wait for the whole head of the answer. Undefined: as long as for any silence. */
  readonly headTimeoutMs?: number | undefined;
  /** Whether the request may go to an address that the URL's name leads to. Undefined: to any. */
  readonly accepts?: ((address: string) => boolean) | undefined;
  /**
   * Awaited once there is a connection, before anything is sent over it: the request is sent as soon as it resolves,
   * and not at all if it rejects, with its error. Called anew for each connection. Rejects when the signal is aborted.
   */
  readonly whenDue?: (() => Promise<void>) | undefined;
}

/** One response; redirects are not followed. The body must be read to its end or discarded. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The values of Set-Cookie, which cannot be joined as those of other headers can. */
  readonly setCookies: readonly string[];
  readonly body: AsyncIterable<Uint8Array>;
  discard(): void;
}

/** Connections that are kept for the next request. */
export interface ConnectionPool {
  /** Closes those to the host, a name with its port, that no request uses. @returns when they are closed. */
  closeIdle(host: string): Promise<void>;
}

export const KEEPS_NONE: ConnectionPool = { closeIdle: async () => undefined };

export interface Http {
  /**
   * @throws RetryableError when no response came: connection refused or reset, timeout, name not found. PermanentError
   * (policy) when the name leads to no address that the request accepts.
   */
  request(request: HttpRequest): Promise<HttpResponse>;
}
