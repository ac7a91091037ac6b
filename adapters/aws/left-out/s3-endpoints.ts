import { partition } from "@aws-sdk/core/client";

/** What names of buckets that CloudFormation makes up look like. Directory buckets and outposts have a suffix. */
const BUCKET = /^(?!.*--[a-z]+-s3$)[a-z\d][a-z\d-]{1,61}[a-z\d]$/;
const REGION = /^(?!aws-global$)[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/;

interface Parameters {
  readonly Bucket?: string;
  readonly Region?: string;
  readonly Endpoint?: string;
  readonly ForcePathStyle?: boolean;
  readonly UseFIPS?: boolean;
  readonly UseDualStack?: boolean;
  readonly Accelerate?: boolean;
  readonly UseGlobalEndpoint?: boolean;
}

function urlOf(parameters: Parameters): URL | undefined {
  const {
    Bucket = "",
    Region = "",
    Endpoint,
    ForcePathStyle = false,
    UseFIPS = false,
    UseDualStack = false,
  } = parameters;
  if (parameters.Accelerate === true || parameters.UseGlobalEndpoint === true) return undefined;
  if (!BUCKET.test(Bucket) || !REGION.test(Region)) return undefined;
  if (Endpoint !== undefined) {
    if (!ForcePathStyle || UseFIPS || UseDualStack) return undefined;
    return new URL(Bucket, Endpoint.replace(/\/?$/, "/"));
  }
  const { name, dnsSuffix } = partition(Region);
  if (UseFIPS && name === "aws-cn") return undefined;
  const host = `s3${UseFIPS ? "-fips" : ""}${UseDualStack ? ".dualstack" : ""}.${Region}.${dnsSuffix}`;
  // The client asks without the endpoint as well, for the way to sign.
  return new URL(ForcePathStyle ? `https://${host}/${Bucket}` : `https://${Bucket}.${host}`);
}

/**
 * Where S3 is: for a bucket of this region, or for an emulator, which has buckets in the path. The client's own rules
 * also know access points, object lambdas, outposts, and buckets in one zone: 18 KB of each bundle.
 * @throws Error for everything else.
 */
export function defaultEndpointResolver(parameters: Parameters) {
  const url = urlOf(parameters);
  if (!url) throw new Error(`adapters/aws/left-out/s3-endpoints.ts has no rule for ${JSON.stringify(parameters)}.`);
  const scheme = {
    disableDoubleEncoding: true,
    name: "sigv4",
    signingName: "s3",
    signingRegion: parameters.Region,
  };
  return { url, properties: { authSchemes: [scheme] }, headers: {} };
}
