/** The program of a worker process. `lambda-host.ts <module> <export>` takes the place of the Lambda runtime. */
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { z } from "zod";
import { request } from "./lambda-protocol.ts";
import type { Answer, Invocation } from "./lambda-protocol.ts";

type Handler = (event: unknown, context: unknown) => unknown;

async function loadHandler(modulePath: string, exportName: string): Promise<Handler> {
  const module: Readonly<Record<string, unknown>> = await import(pathToFileURL(modulePath).href);
  const handler = module[exportName];
  if (typeof handler !== "function") throw new Error(`${modulePath} exports no function called ${exportName}.`);
  return (event, context) => Reflect.apply(handler, undefined, [event, context]);
}

async function answerTo(handler: Handler, { id, event, deadlineMs }: Invocation): Promise<Answer> {
  const context = {
    awsRequestId: id,
    functionName: process.env["AWS_LAMBDA_FUNCTION_NAME"],
    functionVersion: "$LATEST",
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
  try {
    return { kind: "result", id, result: await handler(event, context) };
  } catch (error) {
    return { kind: "error", id, error: inspect(error) };
  }
}

function send(message: Answer): void {
  // If the parent is gone, nobody receives the answer, and the `disconnect` handler ends this process.
  if (process.connected) process.send?.(message);
}

// Ctrl-C reaches every process of the terminal. The parent alone decides which invocations may still finish.
process.on("SIGINT", () => undefined);
// Workers must not outlive their parent.
process.on("disconnect", () => process.exit());

const [, , modulePath, exportName] = z.tuple([z.string(), z.string(), z.string(), z.string()]).parse(process.argv);
const handler = await loadHandler(modulePath, exportName);
process.on("message", (message) => {
  const asked = request.parse(message);
  if (asked === "exit") process.exit();
  void answerTo(handler, asked).then(send);
});
send({ kind: "ready" });
