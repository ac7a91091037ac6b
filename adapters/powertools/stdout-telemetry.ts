import type { Telemetry } from "../../core/ports/telemetry.ts";
import { boundedSink } from "../node/bounded-sink.ts";
import type { Holding } from "../node/held-events.ts";
import { lineTelemetry } from "../node/telemetry.ts";
import { EmbeddedMetrics } from "./metrics.ts";

/** Lines for CloudWatch: events, the environment's metrics of them (EMF), and log messages. */
export const measuredTelemetry = (
  environment: string,
  write: (lines: string) => void,
  holding?: Holding,
  version?: string,
): Telemetry => lineTelemetry(write, (append) => new EmbeddedMetrics(environment, append, version), holding);

export function stdoutTelemetry(environment: string, holding?: Holding): Telemetry {
  const telemetry = measuredTelemetry(environment, boundedSink(process.stdout), holding, versionOf(process.env));
  process.once("SIGTERM", () => {
    telemetry.flush();
    process.kill(process.pid, "SIGTERM");
  });
  return telemetry;
}

/** Lambda sets both. What has no alias runs `$LATEST`, and is not rolled out in steps. */
const versionOf = ({
  AWS_LAMBDA_FUNCTION_NAME: name,
  AWS_LAMBDA_FUNCTION_VERSION: version,
}: NodeJS.ProcessEnv): string | undefined =>
  version === undefined || version === "$LATEST" ? undefined : `${name}:${version}`;
