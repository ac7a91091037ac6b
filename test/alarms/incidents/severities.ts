import { alarmsOf } from "../../../dashboards/catalogue/alarms.ts";
import { ENVIRONMENTS } from "../../../infra/environments/environments.ts";
import type { Severities } from "./incident.ts";

/** Of prod's alarms, by id. */
export const SEVERITIES: Severities = new Map(
  alarmsOf(ENVIRONMENTS.prod).map(({ id, runbook, severity }) => [id, { runbook, severity }] as const),
);
