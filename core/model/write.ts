/** Conditional writes as data: what the protocol says, an adapter can send and a simulator can interpret. */

export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };

/** Attribute names and values as they are stored: snake_case. The key is `pk`. */
export type Item = Readonly<Record<string, Value>>;

/** One comparison. `attribute` may be a path into a map: `op_stream.status`. */
export type Clause =
  | { readonly attribute: string; readonly is: "absent" }
  | { readonly attribute: string; readonly is: "=" | "<="; readonly than: Value }
  | { readonly attribute: string; readonly is: "one of"; readonly than: readonly string[] };

/** Alternatives, each a list of clauses. Holds if all clauses of at least one alternative hold. */
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

/** `item` is the item after an applied write, or the one that refused it. */
export type WriteResult =
  | { readonly applied: true; readonly item: Item }
  | { readonly applied: false; readonly item: Item | undefined };
