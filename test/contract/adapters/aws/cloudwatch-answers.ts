import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { once } from "node:events";
import { createServer } from "node:http";
import { loopbackEndpoint } from "../../../../local/shared/loopback.ts";

interface Asked {
  /** The operation; the path, if the service has none in its headers. */
  readonly target: unknown;
  /** Undefined: the request has none. */
  readonly body: unknown;
}

export interface CloudWatchAnswers extends AsyncDisposable {
  readonly client: CloudWatchClient;
  /** The server itself, for clients of other services with JSON answers. */
  readonly endpoint: string;
  /** The requests so far. */
  readonly asked: Asked[];
  /** To every request from now on. */
  answer: { readonly status: number; readonly body: object };
}

/** None of the embedded emulators has CloudWatch: this server gives its answers, and records the requests. */
export async function startCloudWatchAnswers(): Promise<CloudWatchAnswers> {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const { answer, asked } = answers;
      const text = Buffer.concat(pieces).toString();
      const body: unknown = text === "" ? undefined : JSON.parse(text);
      asked.push({ target: request.headers["x-amz-target"] ?? request.url, body });
      response.writeHead(answer.status, { "content-type": "application/x-amz-json-1.0" });
      response.end(JSON.stringify(answer.body));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = loopbackEndpoint(server);
  const client = new CloudWatchClient({
    endpoint,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    region: "us-east-1",
    maxAttempts: 1,
  });
  const answers: CloudWatchAnswers = {
    client,
    endpoint,
    asked: [],
    answer: { status: 200, body: {} },
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  return answers;
}
