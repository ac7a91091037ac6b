/** Conditional writes as data: the protocol makes them, an adapter sends them, and a simulator interprets them. */

export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };

/** Attributes under their stored names (snake_case). The key is `pk`. */
export type Item = Readonly<Record<string, Value>>;

/** One comparison. `attribute` may be a path into a map: `op_stream.status`. */
export type Clause =
  | { readonly attribute: string; readonly is: "absent" }
  | { readonly attribute: string; readonly is: "=" | "<=" | "<"; readonly than: Value }
  | { readonly attribute: string; readonly is: "one of"; readonly than: readonly string[] };

/** Alternatives, each a list of clauses. The condition holds if all clauses of at least one alternative hold. */
export type Condition = readonly (readonly Clause[])[];

export interface Write {
  readonly key: string;
  readonly when: Condition;
  readonly set?: Item;
  /** Set only where the attribute is absent. */
  readonly setIfAbsent?: Item;
  readonly add?: Readonly<Record<string, number>>;
  readonly remove?: readonly string[];
}

/** `item` is the item after an applied write, or the item that failed the condition; undefined if there is none. */
export type WriteResult =
  | { readonly applied: true; readonly item: Item }
  | { readonly applied: false; readonly item: Item | undefined };
