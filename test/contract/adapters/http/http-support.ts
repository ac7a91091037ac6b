import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { Socket } from "node:net";
import { nodeHttp, type ClosableHttp } from "../../../../adapters/http/node-http.ts";
import type { HttpTimeouts } from "../../../../adapters/http/send.ts";
import { RetryableError } from "../../../../core/model/errors.ts";
import type { HttpResponse } from "../../../../core/ports/http.ts";
import { loopbackEndpoint } from "../../../../local/shared/loopback.ts";
import { startRawOrigin, type RawOrigin } from "../../../raw-origin.ts";

export const PATIENT: HttpTimeouts = { connectTimeoutMs: 20_000, idleTimeoutMs: 20_000 };
export const IMPATIENT: HttpTimeouts = { connectTimeoutMs: 20_000, idleTimeoutMs: 700 };

/** The head of an answer whose body has 10 bytes. */
export const HEADERS = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";

const steps: (() => unknown)[] = [];

export const later = (step: () => unknown): void => void steps.push(step);

/** Stops what a test started, in reverse order. For `afterEach`. */
export async function cleanUp(): Promise<void> {
  for (const step of steps.splice(0).reverse()) await step();
}

export function client(timeouts = PATIENT): ClosableHttp {
  const http = nodeHttp(timeouts);
  later(() => http.close());
  return http;
}

export async function origin(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  later(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
  return loopbackEndpoint(server);
}

export async function rawOrigin(answer: (socket: Socket, head: string) => void): Promise<RawOrigin> {
  const raw = await startRawOrigin(answer);
  later(async () => raw[Symbol.asyncDispose]());
  return raw;
}

export const unstopped = () => new AbortController().signal;

export const get = async (
  http: ClosableHttp,
  url: string,
  { headers = {}, signal = unstopped() }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
) => http.request({ method: "GET", url, headers, signal });

export async function bodyOf({ body }: HttpResponse): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}

export const read = async (http: ClosableHttp, url: string): Promise<Buffer> => bodyOf(await get(http, url));

export const thrownBy = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => new Error("Nothing was thrown."),
    (error: unknown) => error,
  );

interface Trouble {
  readonly reason: string;
  readonly failureClass: string;
  readonly hasCause: boolean;
}

export async function troubleOf(call: Promise<unknown>): Promise<Trouble> {
  const error = await thrownBy(call);
  if (!(error instanceof RetryableError)) throw error;
  return { reason: error.reason, failureClass: error.failureClass, hasCause: error.cause instanceof Error };
}

export const trouble = (reason: string): Trouble => ({ reason, failureClass: "origin", hasCause: true });
