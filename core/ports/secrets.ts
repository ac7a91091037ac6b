/** Request headers that prove who asks, and who may be shown them. */
export interface Secret {
  /** Host names, or `*.` and a domain. */
  readonly hosts: readonly string[];
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Secrets {
  /**
   * @returns undefined if there is none of this name.
   * @throws RetryableError (system) when the store does not answer, or what it holds is not a secret.
   */
  read(name: string): Promise<Secret | undefined>;
}
