/** The schema of OpenSLO v1, after its specification (github.com/OpenSLO/OpenSLO), for the kinds that we write. */
import { z } from "zod";

const name = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
const duration = z.string().regex(/^\d+[mhdwMQY]$/);
const description = z.string().max(1050);
/** The optional prefix is a DNS subdomain. */
const annotationKey = z.string().regex(/^([a-z0-9-]+(\.[a-z0-9-]+)+\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);

const metadata = z.strictObject({
  name,
  displayName: z.string().optional(),
  annotations: z.record(annotationKey, z.string()).optional(),
});

const object = <Kind extends string, Spec extends z.ZodType>(kind: Kind, spec: Spec) =>
  z.strictObject({ apiVersion: z.literal("openslo/v1"), kind: z.literal(kind), metadata, spec });

const metric = z.strictObject({
  metricSource: z.strictObject({ metricSourceRef: name, type: z.string(), spec: z.record(z.string(), z.unknown()) }),
});

const slo = object(
  "SLO",
  z.strictObject({
    description: description.optional(),
    service: name,
    indicator: z.strictObject({
      metadata,
      // The specification wants total with either good or bad. We write bad.
      spec: z.strictObject({ ratioMetric: z.strictObject({ counter: z.boolean(), bad: metric, total: metric }) }),
    }),
    timeWindow: z.tuple([z.strictObject({ duration, isRolling: z.literal(true) })]),
    budgetingMethod: z.enum(["Occurrences", "Timeslices", "RatioTimeslices"]),
    objectives: z.array(z.strictObject({ target: z.number().min(0).lt(1) })).min(1),
    alertPolicies: z.array(z.strictObject({ alertPolicyRef: name })).optional(),
  }),
);

const alertPolicy = object(
  "AlertPolicy",
  z.strictObject({
    description: description.optional(),
    alertWhenNoData: z.boolean(),
    alertWhenResolved: z.boolean(),
    alertWhenBreaching: z.boolean(),
    conditions: z.tuple([
      z.strictObject({
        kind: z.literal("AlertCondition"),
        metadata,
        spec: z.strictObject({
          severity: z.string(),
          condition: z.strictObject({
            kind: z.literal("burnrate"),
            op: z.enum(["lte", "gte", "lt", "gt"]),
            threshold: z.number(),
            lookbackWindow: duration,
            alertAfter: duration,
          }),
        }),
      }),
    ]),
    notificationTargets: z.array(z.strictObject({ targetRef: name })),
  }),
);

export const openSloObject = z.discriminatedUnion("kind", [
  slo,
  alertPolicy,
  object("Service", z.strictObject({ description: description.optional() })),
  object("DataSource", z.strictObject({ type: z.string(), connectionDetails: z.record(z.string(), z.unknown()) })),
  object("AlertNotificationTarget", z.strictObject({ target: z.string(), description: description.optional() })),
]);
