import { CfnQueryDefinition, type ILogGroup } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { QUERIES, type SavedQuery } from "../catalogue/queries.ts";

/** In Logs Insights a line that begins with # is a comment. */
const textOfQuery = ({ lines, hint }: SavedQuery): string =>
  [...(hint === undefined ? [] : [`# ${hint}`]), lines.join("\n| ")].join("\n");

/** The console shows the queries in a folder named like the prefix. */
export function saveQueries(
  scope: Construct,
  prefix: string,
  logs: readonly ILogGroup[],
): readonly CfnQueryDefinition[] {
  const logGroupNames = logs.map(({ logGroupName }) => logGroupName);
  return QUERIES.map(
    (query) =>
      new CfnQueryDefinition(scope, `Query-${query.id}`, {
        name: `${prefix}/${query.title}`,
        queryString: textOfQuery(query),
        logGroupNames,
      }),
  );
}
