import dynalite from "dynalite";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { z } from "zod";
import { mendDynalite } from "./dynalite-mends.ts";
import { type EmbeddedService, KEEP_ALIVE_MS, listen } from "../../../local/shared/loopback.ts";

export interface DynamoDbRequest {
  readonly operation: string;
  /** Partition key, if the request reads or writes one item. */
  readonly key?: string;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly status: number;
}

export interface EmbeddedDynamoDbOptions {
  /** Folder of the tables. Absent: they live in memory. */
  readonly path?: string;
  readonly onRequest?: (request: DynamoDbRequest) => void;
}

const WRITES = new Set(["UpdateItem", "PutItem", "DeleteItem", "BatchWriteItem"]);

/** Starts dynalite on a free loopback port. */
export async function startDynamoDb(options: EmbeddedDynamoDbOptions): Promise<EmbeddedService> {
  mendDynalite();
  const server = dynalite({
    ...(options.path === undefined ? {} : { path: options.path }),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  if (options.onRequest) watchRequests(server, options.onRequest);
  return listen(server);
}

function watchRequests(server: Server, onRequest: (request: DynamoDbRequest) => void): void {
  server.prependListener("request", (request: IncomingMessage, response: ServerResponse) => {
    const received: Buffer[] = [];
    request.on("data", (chunk: Buffer) => received.push(chunk));
    const end = response.end.bind(response);
    Object.assign(response, {
      end: (body?: string) => {
        onRequest(describe(request, Buffer.concat(received).toString(), response.statusCode, body ?? ""));
        return end(body);
      },
    });
  });
}

const capacity = z.object({ CapacityUnits: z.number() });
const answered = z.object({ ConsumedCapacity: z.union([capacity.transform((one) => [one]), z.array(capacity)]) });
const asked = z.object({ Key: z.record(z.string(), z.object({ S: z.string() })) });

function describe(request: IncomingMessage, body: string, status: number, answer: string): DynamoDbRequest {
  const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "unknown";
  const key = Object.values(asked.safeParse(parseJson(body)).data?.Key ?? {})[0]?.S;
  const consumed = answered.safeParse(parseJson(answer)).data?.ConsumedCapacity ?? [];
  const units = consumed.reduce((sum, one) => sum + one.CapacityUnits, 0);
  const isWrite = WRITES.has(operation);
  return {
    operation,
    ...(key === undefined ? {} : { key }),
    writeUnits: isWrite ? units : 0,
    readUnits: isWrite ? 0 : units,
    status,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
