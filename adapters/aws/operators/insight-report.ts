import {
  GetInsightRuleReportCommand,
  ResourceNotFoundException,
  type CloudWatchClient,
} from "@aws-sdk/client-cloudwatch";

interface ReportQuery {
  readonly rule: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** How many contributors, 1 to 100. */
  readonly most: number;
}

interface Contributor {
  /** The value of the rule's only key. */
  readonly key: string;
  readonly value: number;
}

export type InsightReport = (query: ReportQuery) => Promise<readonly Contributor[]>;

const MINUTE_MS = 60_000;

/** The contributors of a Contributor Insights rule, the largest first. */
export const cloudWatchReport =
  (client: CloudWatchClient): InsightReport =>
  async ({ fromMs, most, rule, toMs }) => {
    // CloudWatch takes whole minutes. One period for all of it: only the sums matter.
    const [fromMinute, toMinute] = [Math.ceil(fromMs / MINUTE_MS), Math.ceil(toMs / MINUTE_MS)];
    try {
      const { Contributors = [] } = await client.send(
        new GetInsightRuleReportCommand({
          RuleName: rule,
          StartTime: new Date(fromMinute * MINUTE_MS),
          EndTime: new Date(toMinute * MINUTE_MS),
          Period: (toMinute - fromMinute) * 60,
          MaxContributorCount: most,
          OrderBy: "Sum",
        }),
      );
      return Contributors.flatMap(({ ApproximateAggregateValue: value, Keys: [key] = [] }) =>
        key === undefined || value === undefined ? [] : [{ key, value }],
      ).toSorted((one, other) => other.value - one.value);
    } catch (error) {
      if (!(error instanceof ResourceNotFoundException)) throw error;
      throw new Error(`There is no rule ${rule}. Check the stack's name and the region.`, { cause: error });
    }
  };
