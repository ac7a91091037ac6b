import { buildApp } from "fauxqs";
import { type EmbeddedService, KEEP_ALIVE_MS, loopbackEndpoint } from "../../../local/shared/loopback.ts";

export interface SqsRequest {
  readonly operation: string;
  readonly status: number;
}

/** Starts fauxqs. Its queues live in memory; what must outlive the process is in the journal and in the table. */
export async function startSqs(onRequest?: (request: SqsRequest) => void): Promise<EmbeddedService> {
  const app = buildApp({ logger: false });
  // fauxqs puts the host sqs.<region>.localhost into queue URLs, which not every resolver can resolve.
  app.addHook("onSend", async (request, _reply, payload) =>
    typeof payload === "string" && isAboutQueueUrls(request.headers["x-amz-target"])
      ? payload.replaceAll(/http:\/\/sqs\.[^./]+\.localhost:\d+/g, loopbackEndpoint(app.server))
      : payload,
  );
  app.addHook("onResponse", async (request, reply) => {
    onRequest?.({ operation: operationOf(request.headers["x-amz-target"]), status: reply.statusCode });
  });
  app.server.keepAliveTimeout = KEEP_ALIVE_MS;
  await app.listen({ host: "127.0.0.1", port: 0 });
  return { endpoint: loopbackEndpoint(app.server), stop: async () => app.close() };
}

function operationOf(target: string | string[] | undefined): string {
  return String(target).split(".").at(-1) ?? "unknown";
}

function isAboutQueueUrls(target: string | string[] | undefined): boolean {
  return ["CreateQueue", "GetQueueUrl", "ListQueues"].includes(operationOf(target));
}
