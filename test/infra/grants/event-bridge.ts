import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { loopbackEndpoint } from "../../../local/loopback.ts";

/** An endpoint that takes every event, as EventBridge answers. */
export async function startEventBridge(cleanup: AsyncDisposableStack): Promise<string> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const { Entries } = JSON.parse(await text(request)) as { readonly Entries: readonly object[] };
      response.setHeader("content-type", "application/x-amz-json-1.1");
      response.end(JSON.stringify({ FailedEntryCount: 0, Entries: Entries.map((_, n) => ({ EventId: String(n) })) }));
    };
    void answer();
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
