import { z } from "zod";

export type JsonSchema = z.core.JSONSchema.JSONSchema;

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

/** JSON Schema as a person would write it. The zod schema decides whether unknown fields are refused or ignored. */
export const jsonSchemaOf = (schema: z.core.$ZodType): JsonSchema =>
  z.toJSONSchema(schema, {
    io: "input",
    override: ({ jsonSchema }) => {
      // Zod's pattern is long, because it checks leap years. The format says the same in one word.
      if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
      if (jsonSchema.type === "integer" && jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });

export const schemaFile = (title: string, schema: object): string =>
  `${JSON.stringify({ $schema: DRAFT, title, ...schema }, undefined, 2)}\n`;

export const propertiesOf = ({ properties = {} }: JsonSchema): ReadonlyMap<string, JsonSchema> =>
  new Map(Object.entries(properties).filter((entry): entry is [string, JsonSchema] => typeof entry[1] === "object"));

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
export const table = (heading: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(heading), `|${"---|".repeat(heading.length)}`, ...rows.map(row)].join("\n");

export function typeOf(schema: JsonSchema): string {
  const { type, const: only, enum: values, format, pattern, minimum, exclusiveMinimum } = schema;
  if (only !== undefined) return `\`${String(only)}\``;
  if (values) return values.map((value) => `\`${String(value)}\``).join(", ");
  if (format === "date-time") return "time";
  if (format === "uri") return "URL";
  if (pattern !== undefined) return `${/\{(\d+)\}/.exec(pattern)?.[1]} hex digits`;
  if (type === "integer") return `whole number, at least ${minimum}`;
  if (type === "number") return `number above ${exclusiveMinimum}`;
  return String(type);
}
