/** Why a record cannot be read. */
export interface RecordFault {
  readonly reason: string;
}

/**
 * Splits lines into the values of records. A value may be in double quotes: then it may hold delimiters and line ends,
 * and a quote in it is written twice. Without a delimiter each record is one value.
 */
export class RecordSplitter {
  readonly #delimiter: string | undefined;
  readonly #bare: RegExp;
  readonly #quoted: RegExp;
  #values: string[] = [];
  /** A value whose closing quote has not come yet, as it is written. */
  #open: string | undefined;

  constructor(delimiter: string | undefined) {
    this.#delimiter = delimiter;
    const [character, end] = delimiter === undefined ? ["[^]", "($)"] : [`[^${delimiter}]`, `([${delimiter}]|$)`];
    this.#bare = new RegExp(` *(?![ "])(${character}*)${end}`, "y");
    this.#quoted = new RegExp(`([^"]*(?:""[^"]*)*)"(?!") *(?:${end}|)`, "y");
  }

  /** The length of the value whose closing quote has not come yet. */
  get openLength(): number {
    return this.#open?.length ?? 0;
  }

  /** The values of the record that ends with this line; undefined if a quote is open at its end. */
  take(line: string): readonly string[] | RecordFault | undefined {
    if (this.#open === undefined && !line.includes('"')) {
      const values = this.#delimiter === undefined ? [line] : line.split(this.#delimiter);
      return values.map((value) => value.trim());
    }
    for (let at = 0; ;) {
      const bare = this.#open === undefined ? matchAt(this.#bare, line, at) : null;
      if (bare) {
        this.#values.push((bare[1] ?? "").trim());
        if (bare[2] === "") return this.#finish();
        at = this.#bare.lastIndex;
        continue;
      }
      const from = this.#open === undefined ? line.indexOf('"', at) + 1 : at;
      const quoted = matchAt(this.#quoted, line, from);
      if (!quoted) {
        this.#open = `${this.#open ?? ""}${line.slice(from)}\n`;
        return undefined;
      }
      this.#values.push(((this.#open ?? "") + quoted[1]).replaceAll('""', '"'));
      this.#open = undefined;
      if (quoted[2] === undefined) return this.#fault();
      if (quoted[2] === "") return this.#finish();
      at = this.#quoted.lastIndex;
    }
  }

  #finish(): readonly string[] {
    const values = this.#values;
    this.#values = [];
    return values;
  }

  #fault(): RecordFault {
    const count = this.#finish().length;
    return { reason: `text follows the closing quote of value ${count}; a quote within a value is written twice` };
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
