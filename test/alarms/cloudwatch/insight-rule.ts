/**
 * Contributor Insights: the contributor for which a rule counts a log line, and how much. What is not supported, and
 * what is beyond the limits of the manual ("Contributor Insights rule syntax in CloudWatch"), is an error.
 */
import { z } from "zod";

/** JSON property format with dot notation, one level deep. */
const path = z.string().regex(/^\$\.[A-Za-z0-9_]+$/);
const LONGEST_BODY = 8192;

const filter = z.union([
  z.strictObject({ Match: path, In: z.array(z.string()).min(1).max(10) }),
  z.strictObject({ Match: path, StartsWith: z.array(z.string()).min(1).max(10) }),
  z.strictObject({ Match: path, IsPresent: z.boolean() }),
]);

const contribution = { Keys: z.tuple([path]), Filters: z.array(filter).max(4) };
const common = {
  Schema: z.strictObject({ Name: z.literal("CloudWatchLogRule"), Version: z.literal(1) }),
  LogGroupNames: z.array(z.string()).min(1),
  LogFormat: z.literal("JSON"),
};
const schema = z.discriminatedUnion("AggregateOn", [
  z.strictObject({ ...common, AggregateOn: z.literal("Count"), Contribution: z.strictObject(contribution) }),
  z.strictObject({
    ...common,
    AggregateOn: z.literal("Sum"),
    Contribution: z.strictObject({ ...contribution, ValueOf: path }),
  }),
]);

export interface Contributed {
  readonly contributor: string;
  readonly value: number;
}

type Line = Readonly<Record<string, unknown>>;

/** @returns a function that gives what a log line counts for; `undefined` if it does not count. */
export function contributorsOf(body: string): (line: Line) => Contributed | undefined {
  if (body.length > LONGEST_BODY) throw new RangeError("CloudWatch takes rules of up to 8,192 characters");
  const rule = schema.parse(JSON.parse(body));
  const { Filters, Keys } = rule.Contribution;
  const [key] = Keys;
  return (line) => {
    const at = (where: string): unknown => line[where.slice(2)];
    const counts = Filters.every((each) => {
      const found = at(each.Match);
      if ("In" in each) return each.In.includes(String(found));
      if ("StartsWith" in each) return each.StartsWith.some((start) => String(found).startsWith(start));
      return isLeaf(found) === each.IsPresent;
    });
    const contributor = at(key);
    const value = rule.AggregateOn === "Count" ? 1 : at(rule.Contribution.ValueOf);
    return counts && typeof contributor === "string" && typeof value === "number" ? { contributor, value } : undefined;
  };
}

/** IsPresent sees only values at the leaves. */
const isLeaf = (value: unknown): boolean => value !== undefined && typeof value !== "object";
