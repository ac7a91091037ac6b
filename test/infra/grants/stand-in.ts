import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { loopbackEndpoint } from "../../../local/shared/loopback.ts";

/**
 * Starts an endpoint for a service that is not embedded. `answer` makes the response to each parsed request.
 * @returns the URL of the endpoint.
 */
export async function standIn(
  cleanup: AsyncDisposableStack,
  answer: (asked: Readonly<Record<string, unknown>>) => object,
): Promise<string> {
  const server = createServer((request, response) => {
    const reply = async (): Promise<void> => {
      const asked = JSON.parse(await text(request)) as Readonly<Record<string, unknown>>;
      response.setHeader("content-type", "application/x-amz-json-1.1");
      response.end(JSON.stringify(answer(asked)));
    };
    void reply();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanup.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return loopbackEndpoint(server);
}

/** Accepts every event. */
export const eventBridge = ({ Entries }: Readonly<Record<string, unknown>>): object => ({
  FailedEntryCount: 0,
  Entries: (Entries as readonly object[]).map((_, n) => ({ EventId: String(n) })),
});

/** Reports every alarm to be in ALARM. */
export const cloudWatch = ({ AlarmNames }: Readonly<Record<string, unknown>>): object => ({
  CompositeAlarms: (AlarmNames as readonly string[]).map((AlarmName) => ({
    AlarmName,
    StateValue: "ALARM",
    StateTransitionedTimestamp: 1_790_000_000,
  })),
});
