import {
  announcementSchemaJson,
  announcementsMarkdown,
  batchEndedSchemaJson,
  listRefusedSchemaJson,
  batchSchemaJson,
  failureBatchSchemaJson,
  failureSchemaJson,
} from "./docs/announcements.ts";
import { messageSchemaJson } from "./docs/message.ts";
import { slosMarkdown } from "./docs/slos.ts";
import { telemetryMarkdown, telemetrySchemaJson } from "./docs/telemetry.ts";
import { cloudWatchDashboard } from "./grafana/cloudwatch.ts";
import { prometheusDashboard } from "./grafana/prometheus.ts";
import { openSloYaml } from "./openslo.ts";

export interface GeneratedFile {
  /** Relative to the project root. */
  readonly path: string;
  /** The file's whole text. It depends only on the sources, not on the clock or the machine. */
  readonly render: () => string;
}

/** Every committed file that is generated. `npm run generate` writes them, and a test checks that they are current. */
export const GENERATED: readonly GeneratedFile[] = [
  { path: "docs/telemetry.schema.json", render: telemetrySchemaJson },
  { path: "docs/telemetry.md", render: telemetryMarkdown },
  { path: "docs/message.schema.json", render: messageSchemaJson },
  { path: "docs/announcement.schema.json", render: announcementSchemaJson },
  { path: "docs/announcement-batch.schema.json", render: batchSchemaJson },
  { path: "docs/failure.schema.json", render: failureSchemaJson },
  { path: "docs/failure-batch.schema.json", render: failureBatchSchemaJson },
  { path: "docs/batch-ended.schema.json", render: batchEndedSchemaJson },
  { path: "docs/list-refused.schema.json", render: listRefusedSchemaJson },
  { path: "docs/announcements.md", render: announcementsMarkdown },
  { path: "docs/slos.md", render: slosMarkdown },
  { path: "dashboards/openslo.yaml", render: openSloYaml },
  { path: "dashboards/grafana/fetchonce.json", render: cloudWatchDashboard },
  { path: "dashboards/grafana/fetchonce-prometheus.json", render: prometheusDashboard },
];
