import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../synthesize.ts";
import { moduleOf } from "./sdk-module.ts";

type Parameters = Readonly<Record<string, unknown>>;
type Resolver = (parameters: Parameters) => { readonly url: URL };

const folder = temporaryFolder();

const REGIONS = [
  "us-east-1",
  "eu-central-1",
  "ap-southeast-7",
  "us-gov-east-1",
  "us-gov-west-1",
  "cn-north-1",
  "cn-northwest-1",
  "eusc-de-east-1",
  "us-iso-east-1",
  "us-isob-east-1",
  "eu-isoe-west-1",
  "us-isof-south-1",
  "mars-north-1",
];
const DEFAULTS = { UseFIPS: false, UseDualStack: false };
const STACKS = [{}, { UseFIPS: true }, { UseDualStack: true }, { UseFIPS: true, UseDualStack: true }];
const EMULATORS = ["http://127.0.0.1:9000", "https://emulator.example/base/", "https://emulator.example:8443"];

/** Everything that each of the lists has, with each of the others. */
const combined = (...lists: readonly (readonly Parameters[])[]): readonly Parameters[] =>
  lists.reduce((sofar, list) => sofar.flatMap((each) => list.map((more) => ({ ...each, ...more }))), [DEFAULTS]);

function answerOf(resolver: Resolver, parameters: Parameters): unknown {
  try {
    const endpoint = resolver(parameters);
    return { ...endpoint, url: endpoint.url.href };
  } catch (error) {
    const isRefusal = error instanceof Error && /support|required|invalid|has no rule for/i.test(error.message);
    if (isRefusal) return "refused";
    throw error;
  }
}

const resolverIn = (module: Parameters): Resolver => module["defaultEndpointResolver"] as Resolver;
const ourResolver = async (service: string): Promise<Resolver> =>
  resolverIn((await import(`../../../adapters/aws/left-out/${service}-endpoints.ts`)) as Parameters);
const theirResolver = async (service: string): Promise<Resolver> =>
  resolverIn(await moduleOf(folder, `client-${service}`, "endpoint/endpointResolver.js", false));

const inRegions = REGIONS.map((Region) => ({ Region }));
const atEmulators = EMULATORS.map((Endpoint) => ({ Endpoint }));

const ASKED: Readonly<Record<string, readonly Parameters[]>> = {
  s3: [
    ...combined(
      inRegions,
      ["fetchonce-content1a2b3c4d-5e6f7g8h9i0j", "abc", `a${"b".repeat(61)}c`].map((Bucket) => ({ Bucket })),
      [
        ...STACKS.map((stack) => ({ ...stack, ForcePathStyle: false })),
        { ForcePathStyle: true },
        { ForcePathStyle: true, UseDualStack: true },
        ...atEmulators.map((at) => ({ ...at, ForcePathStyle: true })),
      ],
      [{ Accelerate: false }],
    ),
  ],
  sqs: [...combined(inRegions, STACKS), ...combined(inRegions, atEmulators, STACKS), ...combined(atEmulators)],
  dynamodb: [
    ...combined(
      inRegions,
      STACKS,
      [{}, { AccountId: "123456789012" }, { AccountId: "no label!" }],
      [undefined, "preferred", "disabled", "required"].map((AccountIdEndpointMode) => ({ AccountIdEndpointMode })),
      [{}, { ResourceArn: "Jobs" }, { ResourceArnList: ["Jobs", "Others"] }, { IsSearchOperation: false }],
    ),
    ...combined(inRegions, atEmulators, STACKS, [
      {},
      { AccountId: "123456789012", AccountIdEndpointMode: "preferred" },
    ]),
    ...combined(atEmulators),
    // Their own endpoints, which they know again.
    ...combined(
      inRegions,
      ["dynamodb.eu-central-1.api.aws", "search-dynamodb.eu-central-1.api.aws", "dynamodb.eu-central-1.amazonaws.com"]
        .flatMap((host) => [`https://${host}`, `https://${host}/`, `https://${host}/path`, `https://${host}:8443`])
        .map((Endpoint) => ({ Endpoint })),
    ),
  ],
};

describe.each(Object.entries(ASKED))("the endpoints of %s in the bundles", (service, asked) => {
  it("are those of the SDK in every region and partition, and those of emulators", async () => {
    const [ours, theirs] = await Promise.all([ourResolver(service), theirResolver(service)]);
    const answersOf = (resolver: Resolver) => asked.map((each) => ({ asked: each, answer: answerOf(resolver, each) }));
    const answers = answersOf(theirs);
    expect(answersOf(ours)).toEqual(answers);
    const refused = answers.filter(({ answer }) => answer === "refused").length;
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(answers.length);
  });
});

describe.each<readonly [service: string, usual: Parameters, strange: readonly Parameters[]]>([
  [
    "s3",
    { Bucket: "abc", Region: "us-east-1" },
    [
      { Bucket: "Capitals" },
      { Bucket: "fetchonce--use1-az4--x-s3" },
      { Bucket: "arn:aws:s3:eu-central-1:123456789012:accesspoint/content" },
      { Bucket: "with.dots" },
      { Bucket: undefined },
      { Region: "aws-global" },
      { Region: "not a region" },
      { Accelerate: true },
      { UseGlobalEndpoint: true },
      { Endpoint: "http://127.0.0.1:9000" },
      { Endpoint: "http://127.0.0.1:9000", ForcePathStyle: true, UseFIPS: true },
    ],
  ],
  ["sqs", { Region: "us-east-1" }, [{ Region: undefined }, { Region: "aws-global" }, { Region: "not a region" }]],
  [
    "dynamodb",
    { Region: "us-east-1" },
    [
      { Region: undefined },
      { Region: "local" },
      { Region: "not a region" },
      { ResourceArn: "arn:aws:dynamodb:us-east-1:123456789012:table/Jobs" },
      { ResourceArnList: ["arn:aws:dynamodb:us-east-1:123456789012:table/Jobs"] },
      { IsSearchOperation: true },
    ],
  ],
])("the endpoints of %s in the bundles", (service, usual, strange) => {
  it.each(strange)("refuse what they have no rule for: %o", async (changed) => {
    const ours = await ourResolver(service);
    expect(() => ours(usual)).not.toThrow();
    expect(() => ours({ ...usual, ...changed })).toThrow("has no rule for");
  });
});
