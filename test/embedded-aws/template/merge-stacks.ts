interface Output {
  readonly Value: unknown;
  readonly Export?: { readonly Name: unknown };
}

export interface StackTemplate<Resource> {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, Output>>;
}

/**
 * Merges all stacks of an app into one. An import becomes the reference that the other stack exports.
 * @throws Error if no stack exports an import, or two stacks use the same logical id.
 */
export function mergeStacks<Resource>(stacks: readonly StackTemplate<Resource>[]): Required<StackTemplate<Resource>> {
  const outputs = stacks.flatMap(({ Outputs = {} }) => Object.entries(Outputs));
  const exported = new Map(
    outputs.flatMap(([, { Value, Export }]) => (Export ? [[JSON.stringify(Export.Name), Value] as const] : [])),
  );
  const resources = stacks.flatMap(({ Resources }) => Object.entries(Resources));
  const ids = resources.map(([id]) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined)
    throw new Error(`Two stacks have a resource ${twice}. Give one of the constructs another id.`);
  return {
    Resources: withImports(Object.fromEntries(resources), exported),
    Outputs: withImports(Object.fromEntries(outputs.filter(([, { Export }]) => !Export)), exported),
  };
}

function withImports<T>(value: T, exported: ReadonlyMap<string, unknown>): T {
  const visit = (inner: unknown): unknown => {
    if (Array.isArray(inner)) return inner.map(visit);
    if (typeof inner !== "object" || inner === null) return inner;
    if (!("Fn::ImportValue" in inner)) {
      return Object.fromEntries(Object.entries(inner).map(([name, entry]) => [name, visit(entry)]));
    }
    const name = JSON.stringify(inner["Fn::ImportValue"]);
    if (!exported.has(name)) throw new Error(`A stack imports ${name}, which no stack of the app exports.`);
    return exported.get(name);
  };
  return visit(value) as T;
}
