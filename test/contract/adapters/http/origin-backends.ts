import { nodeHttp } from "../../../../adapters/http/node-http.ts";
import type { Http } from "../../../../core/ports/http.ts";
import { representationOf } from "../../../../local/origin/content.ts";
import type { OriginFile } from "../../../../local/origin/file.ts";
import { startOrigin } from "../../../../local/origin/server.ts";
import { SimulatedOrigin, type OriginAnswer } from "../../../simulation/services/origin.ts";
import { SimulatedProcess } from "../../../simulation/services/process.ts";
import { Dice, VirtualTime } from "../../../simulation/services/time.ts";

/** How an origin behaves, in terms that every backend supports. */
export interface Behaviour extends Pick<OriginFile, "validator" | "ranges" | "length" | "tearAfter" | "redirectTo"> {
  readonly status?: number;
  readonly retryAfter?: number;
}

export interface ServedFile {
  readonly http: Http;
  readonly url: string;
  readonly body: Buffer;
}

export interface OriginBackend extends AsyncDisposable {
  serve(behaviour: Behaviour): ServedFile;
}

const BYTES = 1000;
const fileOf = (name: string, { status, retryAfter, ...rest }: Behaviour): OriginFile => ({
  name,
  size: BYTES,
  type: "text/plain",
  ...rest,
  ...(status !== undefined && { failFirst: 1, failStatus: status }),
  ...(retryAfter !== undefined && { retryAfter }),
});

const bodyOf = (file: OriginFile): Buffer => Buffer.concat(Array.from(representationOf(file, 1).slice(0, BYTES)));

/** The simulator's origin, and a real server behind the real client. */
export const originBackends: Readonly<Record<string, () => Promise<OriginBackend>>> = {
  "the simulated origin": async () => ({ serve: simulated, [Symbol.asyncDispose]: async () => undefined }),
  "a real origin server through Node's client": overHttp,
};

async function overHttp(): Promise<OriginBackend> {
  const origin = await startOrigin();
  const http = nodeHttp({ connectTimeoutMs: 20_000, idleTimeoutMs: 20_000 });
  let served = 0;
  return {
    serve(behaviour) {
      const file = fileOf(`file-${++served}`, behaviour);
      return { http, url: origin.urlOf(file), body: bodyOf(file) };
    },
    async [Symbol.asyncDispose]() {
      http.close();
      await origin.stop();
    },
  };
}

function answerOf({ redirectTo, retryAfter, status, tearAfter }: Behaviour): OriginAnswer {
  if (redirectTo !== undefined) return { kind: "redirect", to: redirectTo };
  if (status !== undefined) {
    return { kind: "status", status, ...(retryAfter !== undefined && { retryAfterS: retryAfter }) };
  }
  return { kind: "body", ...(tearAfter !== undefined && { fault: { kind: "cut", afterBytes: tearAfter } }) };
}

function simulated(behaviour: Behaviour): ServedFile {
  const time = new VirtualTime();
  const around = { time, dice: new Dice(1), latencyMs: 1, faultAt: () => undefined, trace: () => undefined };
  const process = new SimulatedProcess("worker1", around, 0, () => undefined);
  const origin = new SimulatedOrigin(() => answerOf(behaviour));
  const url = "https://origin.example/file";
  const body = bodyOf(fileOf("file", behaviour));
  const { validator, ranges, length } = behaviour;
  origin.resources.set(url, {
    versions: [body],
    validators: validator === "weak" || validator === "none" ? validator : "strong",
    ranges: ranges !== "ignored",
    isChunked: length === "chunked",
  });
  return { http: pumped(time, origin.portOf(process)), url, body };
}

/** Virtual time passes only when it is stepped. Here it is stepped while a caller waits for an answer. */
function pumped(time: VirtualTime, port: Http): Http {
  const pump = async <T>(answer: Promise<T>): Promise<T> => {
    const settled = new AbortController();
    const settle = (): void => settled.abort();
    answer.then(settle, settle);
    while (!settled.signal.aborted) await time.step();
    return answer;
  };
  return {
    async request(request) {
      const response = await pump(port.request(request));
      return { ...response, body: pumpedPieces(pump, response.body) };
    },
  };
}

async function* pumpedPieces(
  pump: <T>(answer: Promise<T>) => Promise<T>,
  body: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]();
  for (let next = await pump(pieces.next()); next.done !== true; next = await pump(pieces.next())) yield next.value;
}
