/** The tokens of metric math and of alarm rules: numbers, quoted names, words, operators. */
export interface Token {
  readonly kind: "number" | "string" | "word" | "symbol";
  readonly text: string;
}

const PATTERN =
  /\s*(?:(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|"(?<string>[^"]*)"|(?<word>[A-Za-z_]\w*)|(?<symbol>==|!=|<=|>=|&&|\|\||[-+*/^<>()[\],]))/y;

/** Reads tokens from left to right. An error for an unexpected token quotes the whole text. */
export class Tokens {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  /** Takes the next token if it is one of these symbols or words. */
  take(...texts: readonly string[]): string | undefined {
    const token = this.#tokens[this.#next];
    if (token === undefined || token.kind === "string" || !texts.includes(token.text)) return undefined;
    this.#next++;
    return token.text;
  }

  expect(text: string): void {
    if (this.take(text) === undefined) throw this.unexpected(`instead of ${text}`);
  }

  /** Takes the next token, whichever it is. */
  any(): Token {
    const token = this.#tokens[this.#next];
    if (token === undefined) throw this.unexpected();
    this.#next++;
    return token;
  }

  end(): void {
    if (this.#next < this.#tokens.length) throw this.unexpected();
  }

  unexpected(detail = ""): SyntaxError {
    const found = this.#tokens[this.#next]?.text ?? "the end";
    return new SyntaxError(`unexpected ${found} ${detail} in: ${this.#text}`);
  }
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(PATTERN);
  const end = text.trimEnd().length;
  while (pattern.lastIndex < end) {
    const at = pattern.lastIndex;
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) throw new SyntaxError(`cannot read ${text.slice(at)} in: ${text}`);
    for (const kind of ["number", "string", "word", "symbol"] as const) {
      const found = groups[kind];
      if (found !== undefined) tokens.push({ kind, text: found });
    }
  }
  return tokens;
}
