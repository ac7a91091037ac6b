/**
 * Evaluates bucket policies. There are no identities and no signatures here, so everything is allowed that no statement
 * denies. A policy with a rule that this evaluator does not know is refused when it is put, so that no rule is silently
 * ignored.
 */
import { z } from "zod";
import { S3Error } from "./errors.ts";
import { headerOf, type S3Request } from "./request.ts";

const oneOrMore = z
  .union([z.string(), z.boolean().transform(String), z.array(z.string())])
  .transform((value) => [value].flat());

const conditionOperators = {
  Null: (actual, wanted) => wanted.includes(String(actual === undefined)),
  Bool: (actual, wanted) => actual !== undefined && wanted.includes(actual),
  StringEquals: (actual, wanted) => actual !== undefined && wanted.includes(actual),
  // As in IAM, a negated operator matches if the key is absent.
  StringNotEquals: (actual, wanted) => actual === undefined || !wanted.includes(actual),
} as const satisfies Record<string, (actual: string | undefined, wanted: readonly string[]) => boolean>;

const CREATE_OBJECTS: ReadonlySet<string> = new Set(["PutObject", "CopyObject", "CompleteMultipartUpload"]);
const conditionKeys: Readonly<Record<string, (request: S3Request) => string | undefined>> = {
  "s3:if-none-match": (request) => headerOf(request, "if-none-match"),
  "s3:if-match": (request) => headerOf(request, "if-match"),
  "s3:objectcreationoperation": ({ action, operation }) =>
    action === "s3:PutObject" ? String(CREATE_OBJECTS.has(operation)) : undefined,
  // Nothing leaves the machine, so a policy that requires TLS counts as satisfied.
  "aws:securetransport": () => "true",
};

const star = z.literal("*");
const everybody = z.union([star, z.strictObject({ AWS: z.union([star, z.tuple([star])]) })], {
  error: 'a Deny for anyone but "*" cannot be enforced: the embedded S3 has no identities',
});

const conditionKey = z
  .string()
  .toLowerCase()
  .refine((key) => Object.hasOwn(conditionKeys, key), {
    error: `known condition keys: ${Object.keys(conditionKeys).join(", ")}`,
  });

const operators = z.enum(Object.keys(conditionOperators) as (keyof typeof conditionOperators)[]);
const conditions = z.partialRecord(operators, z.record(conditionKey, oneOrMore), {
  error: `known condition operators: ${operators.options.join(", ")}`,
});

const statement = z.discriminatedUnion("Effect", [
  z.looseObject({ Effect: z.literal("Allow") }),
  z.strictObject({
    Effect: z.literal("Deny"),
    Sid: z.string().optional(),
    Principal: everybody,
    Action: oneOrMore,
    Resource: oneOrMore,
    Condition: conditions.optional(),
  }),
]);

const policy = z.object({
  Version: z.string().optional(),
  Statement: z.union([statement.transform((only) => [only]), z.array(statement)]),
});

export type Policy = z.output<typeof policy>;
type Deny = Extract<Policy["Statement"][number], { Effect: "Deny" }>;

export function parsePolicy(text: string): Policy {
  try {
    return policy.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new S3Error("MalformedPolicy", `The embedded S3 cannot enforce this bucket policy: ${why}`);
  }
}

/** @throws S3Error AccessDenied if a statement denies the request. */
export function enforcePolicy({ Statement: statements }: Policy, request: S3Request): void {
  const denial = statements.find((each) => each.Effect === "Deny" && applies(each, request));
  if (denial === undefined) return;
  const sid = typeof denial["Sid"] === "string" ? ` (statement ${denial["Sid"]})` : "";
  throw new S3Error("AccessDenied", `The policy of bucket ${request.bucket} denies ${request.operation}${sid}.`);
}

function applies(deny: Deny, request: S3Request): boolean {
  const bucketArn = `arn:aws:s3:::${request.bucket}`;
  const resource = request.key === "" ? bucketArn : `${bucketArn}/${request.key}`;
  return (
    deny.Action.some((pattern) => globMatches(pattern.toLowerCase(), request.action.toLowerCase())) &&
    deny.Resource.some((pattern) => globMatches(pattern, resource)) &&
    holds(deny.Condition ?? {}, request)
  );
}

function holds(condition: NonNullable<Deny["Condition"]>, request: S3Request): boolean {
  return operators.options.every((operator) =>
    Object.entries(condition[operator] ?? {}).every(([key, wanted]) =>
      conditionOperators[operator](conditionKeys[key]?.(request), wanted),
    ),
  );
}

function globMatches(pattern: string, text: string): boolean {
  const literal = pattern.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${literal.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s").test(text);
}
