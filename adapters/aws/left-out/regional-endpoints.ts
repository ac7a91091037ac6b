import { partition } from "@aws-sdk/core/client";

export const LABEL = /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i;
const REGION = /^(?!aws-global$|local$)[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/;

export interface Parameters {
  readonly Region?: string;
  readonly Endpoint?: string;
  readonly UseFIPS?: boolean;
  readonly UseDualStack?: boolean;
}

interface Endpoint {
  readonly url: URL;
  readonly properties: Readonly<Record<string, readonly string[]>>;
  readonly headers: Readonly<Record<string, never>>;
}

interface Place {
  /** What stands before the region. */
  readonly host: string;
  readonly properties?: Endpoint["properties"];
}

export type Partition = ReturnType<typeof partition>;

const partitions = new Map<string, Partition>();

/** The SDK looks through all regions each time. */
export function partitionOf(region: string): Partition {
  const found = partitions.get(region) ?? partition(region);
  partitions.set(region, found);
  return found;
}

const hostIn = (service: string, { name }: Partition, { UseDualStack, UseFIPS }: Parameters): Place => {
  // In GovCloud, the usual endpoints are FIPS endpoints.
  const isFips = UseFIPS === true && (UseDualStack === true || name !== "aws-us-gov");
  return { host: `${service}${isFips ? "-fips" : ""}` };
};

export const noEndpoint = (service: string, parameters: object): Error =>
  new Error(`adapters/aws/left-out/${service}-endpoints.ts has no rule for ${JSON.stringify(parameters)}.`);

/**
 * Where a service of a region is, or an emulator of it. The clients' own rules, and what evaluates them, are 10 KB of
 * each bundle.
 * @param placeIn what the service does in its own way. `refused`: there is no such place.
 * @throws Error for everything else.
 */
export function regionalEndpoint(
  service: string,
  parameters: Parameters,
  placeIn: (partition: Partition) => Place | "refused" | undefined = () => undefined,
): Endpoint {
  const { Endpoint, Region = "", UseDualStack = false, UseFIPS = false } = parameters;
  if (Endpoint !== undefined && !UseFIPS && !UseDualStack)
    return { url: new URL(Endpoint), properties: {}, headers: {} };
  if (Endpoint !== undefined || !REGION.test(Region)) throw noEndpoint(service, parameters);
  const found = partitionOf(Region);
  const place = placeIn(found) ?? hostIn(service, found, parameters);
  if (place === "refused") throw noEndpoint(service, parameters);
  const { dnsSuffix, dualStackDnsSuffix } = found;
  const url = new URL(`https://${place.host}.${Region}.${UseDualStack ? dualStackDnsSuffix : dnsSuffix}`);
  return { url, properties: place.properties ?? {}, headers: {} };
}
