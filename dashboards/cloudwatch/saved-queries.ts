import { CfnQueryDefinition, type ILogGroup } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { QUERIES, type SavedQuery } from "../catalogue/queries.ts";

/** Lines that begin with # are comments to Logs Insights. */
const textOfQuery = ({ lines, hint }: SavedQuery): string =>
  [...(hint === undefined ? [] : [`# ${hint}`]), lines.join("\n| ")].join("\n");

/** In the console under the prefix as their folder. */
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
