import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { HttpResponse } from "@smithy/core/transport";
import { CLOCK_TOLERANCE_MS } from "../../core/model/record.ts";
import type { Telemetry } from "../../core/ports/telemetry.ts";

const TOLD_EVERY_MS = 60_000;

/**
 * Compares our clock with the header Date of each answer, and tells, at most once a minute, that they differ. The
 * answer was made between our two readings of the time, however long the process stood still meanwhile.
 */
export function watchClock<Client extends Pick<DynamoDBClient, "middlewareStack">>(
  client: Client,
  telemetry: Telemetry,
  component: "worker" | "reconciler",
): Client {
  let quietUntilMs = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      const sentMs = Date.now();
      const result = await next(args);
      const receivedMs = Date.now();
      const theirsMs = Date.parse((result.response as HttpResponse).headers["date"] ?? "");
      const offMs = Math.max(sentMs - theirsMs, theirsMs - receivedMs);
      // Without a header it is NaN.
      if (offMs > CLOCK_TOLERANCE_MS && receivedMs >= quietUntilMs) {
        quietUntilMs = receivedMs + TOLD_EVERY_MS;
        telemetry.emit({ event: "clock_off", component, against: "service", off_by_ms: offMs });
      }
      return result;
    },
    { name: "watchClock", step: "deserialize", priority: "low" },
  );
  return client;
}
