/**
 * Metric math as alarms use it, compiled to functions of one point in time. Refuses what CloudWatch's manual advises
 * against in alarms (SUM of one series over time, FILL with REPEAT), and everything else that is not supported here.
 */
import { Tokens } from "./tokens.ts";

/** `undefined`: no data point. */
export type Point = number | undefined;

export interface Series {
  readonly kind: "series";
  /** The point of the period that ends at `end`, in an evaluation whose newest period ends at `newest`. */
  readonly at: (end: number, newest: number) => Point;
  /** Only metrics have it: whether the whole evaluation range has no data. */
  readonly isEmpty?: (newest: number) => boolean;
}
type Value =
  | Series
  | { readonly kind: "scalar"; readonly value: number }
  | { readonly kind: "array"; readonly items: readonly Series[] };

export interface Scope {
  /** A metric, or another expression, by its id. */
  readonly series: (id: string) => Series;
  /** All metrics, without the expressions. */
  readonly metrics: () => readonly Series[];
  /** What a Contributor Insights rule has counted. */
  readonly insights: (rule: string, metric: string) => Series;
  /** Whether FILL makes points of a metric that has none in the whole evaluation range; the manual does not say. */
  readonly fillsEmptyMetrics: boolean;
}

/** @throws SyntaxError when the text is not an expression, or not one that CloudWatch accepts in an alarm. */
export function compileExpression(text: string, scope: Scope): Series {
  const tokens = new Tokens(text);
  const value = new Compiler(tokens, scope).whole();
  if (value.kind !== "series") throw new SyntaxError(`an alarm watches one time series, not: ${text}`);
  return value;
}

const asNumber = (condition: boolean): number => (condition ? 1 : 0);

/** Binary operators, loosest first. */
const LEVELS: readonly Readonly<Record<string, (left: number, right: number) => Point>>[] = [
  { OR: (l, r) => asNumber(l !== 0 || r !== 0), "||": (l, r) => asNumber(l !== 0 || r !== 0) },
  { AND: (l, r) => asNumber(l !== 0 && r !== 0), "&&": (l, r) => asNumber(l !== 0 && r !== 0) },
  {
    "==": (l, r) => asNumber(l === r),
    "!=": (l, r) => asNumber(l !== r),
    "<=": (l, r) => asNumber(l <= r),
    ">=": (l, r) => asNumber(l >= r),
    "<": (l, r) => asNumber(l < r),
    ">": (l, r) => asNumber(l > r),
  },
  { "+": (l, r) => l + r, "-": (l, r) => l - r },
  { "*": (l, r) => l * r, "/": (l, r) => (r === 0 ? undefined : l / r) },
  { "^": (l, r) => l ** r },
];

/** Across the series of an array, at one time; a missing point counts as 0 in sums and averages. */
const ACROSS: Readonly<Record<string, (present: readonly number[], all: number) => number>> = {
  SUM: (present) => present.reduce((sum, value) => sum + value, 0),
  AVG: (present, all) => present.reduce((sum, value) => sum + value, 0) / all,
  MAX: (present) => Math.max(...present),
  MIN: (present) => Math.min(...present),
};

class Compiler {
  readonly #tokens: Tokens;
  readonly #scope: Scope;

  constructor(tokens: Tokens, scope: Scope) {
    this.#tokens = tokens;
    this.#scope = scope;
  }

  whole(): Value {
    const value = this.#binary(0);
    this.#tokens.end();
    return value;
  }

  #binary(level: number): Value {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const symbol = this.#tokens.take(...Object.keys(operators));
      const operator = symbol === undefined ? undefined : operators[symbol];
      if (operator === undefined) return left;
      left = combined(left, this.#binary(level + 1), operator);
    }
  }

  #unary(): Value {
    if (this.#tokens.take("-") === undefined) return this.#primary();
    return combined({ kind: "scalar", value: 0 }, this.#unary(), (zero, value) => zero - value);
  }

  #primary(): Value {
    if (this.#tokens.take("(") !== undefined) {
      const inner = this.#binary(0);
      this.#tokens.expect(")");
      return inner;
    }
    if (this.#tokens.take("[") !== undefined) return { kind: "array", items: this.#list("]").map(asSeries) };
    const token = this.#tokens.any();
    if (token.kind === "number") return { kind: "scalar", value: Number(token.text) };
    if (token.kind !== "word") throw this.#tokens.unexpected(`after ${token.text}`);
    if (this.#tokens.take("(") === undefined) return this.#scope.series(token.text);
    return token.text === "INSIGHT_RULE_METRIC" ? this.#insights() : this.#call(token.text);
  }

  #list(end: ")" | "]"): readonly Value[] {
    const values: Value[] = [];
    if (this.#tokens.take(end) !== undefined) return values;
    do values.push(this.#binary(0));
    while (this.#tokens.take(",") !== undefined);
    this.#tokens.expect(end);
    return values;
  }

  #insights(): Series {
    const rule = this.#tokens.any();
    this.#tokens.expect(",");
    const metric = this.#tokens.any();
    this.#tokens.expect(")");
    return this.#scope.insights(rule.text, metric.text);
  }

  #call(name: string): Value {
    const values = this.#list(")");
    const [first, second, third, ...more] = values;
    const across = ACROSS[name];
    if (across !== undefined && first?.kind === "array" && second === undefined)
      return acrossItems(first.items, across);
    if (name === "METRICS" && first === undefined) return { kind: "array", items: this.#scope.metrics() };
    if (name === "IF" && first !== undefined && second !== undefined && more.length === 0)
      return chosen(first, second, third);
    if (name === "FILL" && first !== undefined && second?.kind === "scalar" && third === undefined)
      return this.#filled(first, second.value);
    throw new SyntaxError(`${name} of ${values.map(({ kind }) => kind).join(", ") || "nothing"} is not supported`);
  }

  #filled(value: Value, filler: number): Value {
    if (value.kind === "array")
      return { kind: "array", items: value.items.map((item) => this.#filledSeries(item, filler)) };
    return this.#filledSeries(asSeries(value), filler);
  }

  #filledSeries(series: Series, filler: number): Series {
    const { isEmpty } = series;
    if (this.#scope.fillsEmptyMetrics || isEmpty === undefined)
      return { kind: "series", at: (end, newest) => series.at(end, newest) ?? filler };
    return {
      kind: "series",
      isEmpty,
      at: (end, newest) => series.at(end, newest) ?? (isEmpty(newest) ? undefined : filler),
    };
  }
}

function asSeries(value: Value): Series {
  if (value.kind !== "series") throw new SyntaxError(`a time series is needed here, not a ${value.kind}`);
  return value;
}

function combined(left: Value, right: Value, operator: (left: number, right: number) => Point): Value {
  if (left.kind === "array" || right.kind === "array") throw new SyntaxError("arithmetic with arrays is not supported");
  if (left.kind === "scalar" && right.kind === "scalar") {
    const value = operator(left.value, right.value);
    if (value === undefined) throw new SyntaxError("division of a constant by zero");
    return { kind: "scalar", value };
  }
  if (right.kind === "scalar") {
    const { value } = right;
    const { at } = asSeries(left);
    return series((end, newest) => {
      const point = at(end, newest);
      return point === undefined ? undefined : operator(point, value);
    });
  }
  if (left.kind === "scalar") {
    const { value } = left;
    return series((end, newest) => {
      const point = right.at(end, newest);
      return point === undefined ? undefined : operator(value, point);
    });
  }
  // If only one of two series has a point, the missing point of the other counts as 0.
  return series((end, newest) => {
    const one = left.at(end, newest);
    const other = right.at(end, newest);
    return one === undefined && other === undefined ? undefined : operator(one ?? 0, other ?? 0);
  });
}

const series = (at: Series["at"]): Series => ({ kind: "series", at });

function acrossItems(items: readonly Series[], across: (present: readonly number[], all: number) => number): Series {
  return series((end, newest) => {
    const present = items.map(({ at }) => at(end, newest)).filter((point) => point !== undefined);
    return present.length === 0 ? undefined : across(present, items.length);
  });
}

/**
 * IF has no point where the condition has none. A missing value counts as 0 where the condition is true, and stays
 * missing where it is false.
 */
function chosen(condition: Value, whenTrue: Value, whenFalse: Value | undefined): Series {
  const { at: holds } = asSeries(condition);
  const yes = pointsOf(whenTrue);
  const no = whenFalse === undefined ? () => undefined : pointsOf(whenFalse);
  return series((end, newest) => {
    const point = holds(end, newest);
    if (point === undefined) return undefined;
    return point === 0 ? no(end, newest) : (yes(end, newest) ?? 0);
  });
}

function pointsOf(value: Value): Series["at"] {
  if (value.kind === "array") throw new SyntaxError("IF of arrays is not supported");
  return value.kind === "scalar" ? () => value.value : value.at;
}
