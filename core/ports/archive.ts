/** Where job records go that DynamoDB has removed: objects of text, one JSON record a line. */
export interface Archive {
  /** The same key always comes with the same text. */
  put(key: string, text: string): Promise<void>;
}
