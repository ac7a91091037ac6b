import { XMLBuilder } from "fast-xml-parser";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { type EmbeddedService, KEEP_ALIVE_MS, listen } from "../../../local/shared/loopback.ts";

const NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/";

/** Outputs by their names. */
export type StackOutputs = Readonly<Record<string, string>>;

export interface CloudFormationOptions {
  /** Stacks by their names. */
  readonly stacks: Readonly<Record<string, StackOutputs>>;
  /** Stacks in one answer to a request that names none. */
  readonly pageSize?: number;
}

interface Answer {
  readonly status: number;
  readonly content: Readonly<Record<string, unknown>>;
}

const builder = new XMLBuilder({ ignoreAttributes: false });

/** Answers DescribeStacks (Query protocol, XML), and refuses all other operations. */
export async function startCloudFormation(options: CloudFormationOptions): Promise<EmbeddedService> {
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { content, status } = answerTo(new URLSearchParams(await text(request)), options);
    response.writeHead(status, { "content-type": "text/xml" }).end(builder.build(content));
  };
  const server = createServer((request, response) => void serve(request, response));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return listen(server);
}

function answerTo(asked: URLSearchParams, { pageSize = 100, stacks }: CloudFormationOptions): Answer {
  const action = asked.get("Action") ?? "";
  if (action !== "DescribeStacks") return refusal("InvalidAction", `The embedded AWS does not know ${action}.`);
  const all = Object.entries(stacks);
  const name = asked.get("StackName");
  if (name === null) {
    const from = Number(asked.get("NextToken") ?? 0);
    const next = from + pageSize;
    return described(all.slice(from, next), next < all.length ? { NextToken: String(next) } : {});
  }
  const found = all.filter(([each]) => each === name);
  return found.length > 0 ? described(found) : refusal("ValidationError", `Stack with id ${name} does not exist`);
}

const described = (stacks: readonly (readonly [string, StackOutputs])[], more: object = {}): Answer => ({
  status: 200,
  content: {
    DescribeStacksResponse: {
      "@_xmlns": NAMESPACE,
      DescribeStacksResult: { Stacks: { member: stacks.map(stackMember) }, ...more },
      ResponseMetadata: { RequestId: "local" },
    },
  },
});

const stackMember = ([name, outputs]: readonly [string, StackOutputs]): object => ({
  StackName: name,
  StackStatus: "CREATE_COMPLETE",
  CreationTime: "2026-11-01T00:00:00.000Z",
  Outputs: {
    member: Object.entries(outputs).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue })),
  },
});

const refusal = (code: string, message: string): Answer => ({
  status: 400,
  content: {
    ErrorResponse: {
      "@_xmlns": NAMESPACE,
      Error: { Type: "Sender", Code: code, Message: message },
      RequestId: "local",
    },
  },
});
