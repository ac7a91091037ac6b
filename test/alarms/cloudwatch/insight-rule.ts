/** Contributor Insights: the contributor for which a rule counts a log line. What is not supported is an error. */
import { z } from "zod";

const schema = z.strictObject({
  Schema: z.strictObject({ Name: z.literal("CloudWatchLogRule"), Version: z.literal(1) }),
  LogGroupNames: z.array(z.string()).min(1),
  LogFormat: z.literal("JSON"),
  Contribution: z.strictObject({
    Keys: z.tuple([z.string().startsWith("$.")]),
    Filters: z.array(z.strictObject({ Match: z.string().startsWith("$."), In: z.array(z.string()) })),
  }),
  AggregateOn: z.literal("Count"),
});

/** @returns a function that gives the contributor for which a log line counts, or `undefined` if it does not count. */
export function contributorsOf(body: string): (line: Readonly<Record<string, unknown>>) => string | undefined {
  const { Contribution } = schema.parse(JSON.parse(body));
  const [key] = Contribution.Keys;
  return (line) => {
    const at = (path: string): unknown => line[path.slice(2)];
    const counts = Contribution.Filters.every(({ Match, In }) => In.includes(String(at(Match))));
    const contributor = at(key);
    return counts && typeof contributor === "string" ? contributor : undefined;
  };
}
