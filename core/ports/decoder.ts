/** Takes content codings (RFC 9110, 8.4.1) away. */
export interface Decoder {
  /** Names are in lower case, without `x-`. */
  knows(coding: string): boolean;
  /** @throws RetryableError, while it is read, when the coding is not known, or the coded bytes are damaged or cut. */
  decode(coding: string, body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}
