/** The archive of job records that DynamoDB has removed: text objects with one JSON record per line. */
export interface Archive {
  /** Callers always put the same text under the same key, so a repeat changes nothing. */
  put(key: string, text: string): Promise<void>;
}
