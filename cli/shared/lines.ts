export interface Lines {
  readonly print: (line: string) => void;
  /** For telemetry, one event on each line. */
  readonly tell: (line: string) => void;
}

/** Prints words for people, or a JSON line for programs: `type` says what its fields are about. */
type Printer = (words: readonly string[], type: string, fields: object) => void;

export const printerOf =
  (asJson: boolean, print: Lines["print"]): Printer =>
  (words, type, fields) => {
    if (asJson) print(JSON.stringify({ type, ...fields }));
    else for (const line of words) print(line);
  };
