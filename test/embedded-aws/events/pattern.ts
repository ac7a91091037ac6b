/**
 * Matches like the event patterns of EventBridge and of Lambda's filters, as far as our own and the documented ones
 * go: a list holds alternatives, and every other property must be present. A value that is an array matches if one of
 * its elements does; if these are objects, one of them must match alone (aws/event-ruler: array consistency).
 */
export function matches(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(value)) return value.some((element) => matches(pattern, element));
  if (Array.isArray(pattern)) return pattern.some((alternative) => isOne(alternative, value));
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(pattern as object).every(([name, inner]) =>
    matches(inner, (value as Readonly<Record<string, unknown>>)[name]),
  );
}

function isOne(alternative: unknown, value: unknown): boolean {
  if (typeof alternative !== "object" || alternative === null) return alternative === value;
  const [[operator, argument] = []] = Object.entries(alternative);
  if (operator === "anything-but") return value !== undefined && !(argument as unknown[]).includes(value);
  if (operator === "prefix") return typeof value === "string" && value.startsWith(String(argument));
  throw new Error(`Unknown filter operator: ${String(operator)}`);
}
