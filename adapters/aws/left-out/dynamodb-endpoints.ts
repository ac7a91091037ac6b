import {
  LABEL,
  noEndpoint,
  partitionOf,
  regionalEndpoint,
  type Parameters,
  type Partition,
} from "./regional-endpoints.ts";

interface OfTable extends Parameters {
  readonly AccountId?: string;
  readonly AccountIdEndpointMode?: string;
  /** The table's name or its ARN. */
  readonly ResourceArn?: string;
  readonly ResourceArnList?: readonly string[];
  readonly IsSearchOperation?: boolean;
}

/** Beside all regions of the partition `aws`. */
const WITH_ACCOUNTS = /^(us-gov-(east|west)-1|cn-north(west)?-1)$/;

function placeIn({ name }: Partition, parameters: OfTable) {
  const { AccountId, AccountIdEndpointMode: mode, Region = "", UseFIPS } = parameters;
  const hasAccounts = UseFIPS !== true && (name === "aws" || WITH_ACCOUNTS.test(Region));
  const isByAccount = hasAccounts && mode !== undefined && mode !== "disabled" && AccountId !== undefined;
  if (isByAccount && LABEL.test(AccountId)) return { host: `${AccountId}.ddb`, properties: { metricValues: ["O"] } };
  return isByAccount || mode === "required" ? "refused" : undefined;
}

/** An endpoint of AWS's own that the client would have to be told of in another way. */
function isDualStack({ Endpoint, Region = "" }: Parameters): boolean {
  const [, host = ""] = /^https?:\/\/(?:search-)?(dynamodb\.[^/]*)/.exec(Endpoint ?? "") ?? [];
  return host !== "" && host === `dynamodb.${Region}.${partitionOf(Region).dualStackDnsSuffix}`;
}

/** @throws Error for what there is no rule for, such as a table that is named by its ARN. */
export function defaultEndpointResolver(parameters: OfTable) {
  const { IsSearchOperation = false, ResourceArn = "", ResourceArnList: [firstArn = ""] = [] } = parameters;
  const isOther = IsSearchOperation || ResourceArn.startsWith("arn:") || firstArn.startsWith("arn:");
  if (isOther || isDualStack(parameters)) throw noEndpoint("dynamodb", parameters);
  return regionalEndpoint("dynamodb", parameters, (found) => placeIn(found, parameters));
}
