import { MOST_HEADERS } from "../../core/model/order.ts";
import { type ProducerField, producerMessage } from "../../core/producer/producer-message.ts";
import { jsonSchemaOf, schemaFile } from "./json-schema.ts";

/** Changes when a field is removed or changes its meaning. Fields may be added without that. */
const VERSION = 1;

const MEANINGS: Readonly<Record<ProducerField, string>> = {
  work_id: "Your name for the work. It is part of the job's id.",
  artifact_id: "Your name for the file. It is part of the job's id.",
  url: "An absolute http or https URL, read as browsers read it. It is part of the job's id.",
  sha256: "A digest that the file must have. Another file fails the job.",
  sha512: "A digest that the file must have. Another file fails the job.",
  md5: "A digest that the file must have. Another file fails the job.",
  bytes: "The size that the file must have. Another file fails the job.",
  expect: "What the file must be like: a media type or type/*, and its size in bytes.",
  headers:
    "Further request headers. No secrets, and none that belong to the transfer: the list is in docs/messages.md.",
  auth: "The name of a secret that holds request headers.",
  mirrors: "Other URLs of the same file, tried in this order.",
  metadata: "Your own: up to 1,024 bytes of JSON. It comes back in the announcement.",
  identity: "Names the job in the place of its URL.",
  refresh: "Names a new look at a file that was fetched before. It is part of the job's id.",
};

/** Limits that the schema of zod checks by code, or that `jsonSchemaOf` leaves out. */
const LIMITS: Partial<Record<ProducerField, object>> = {
  headers: { maxProperties: MOST_HEADERS },
  bytes: { maximum: Number.MAX_SAFE_INTEGER },
};

/** Without the fields that fetchonce sets itself. What JSON Schema cannot say, a limit of bytes for one, is told. */
export function messageSchemaJson(): string {
  const { $schema: _draft, properties = {}, ...schema } = jsonSchemaOf(producerMessage);
  const described = Object.entries(MEANINGS).map(([field, description]) => {
    const property = properties[field];
    return [field, { ...(property as object), ...LIMITS[field as ProducerField], description }];
  });
  return schemaFile("A message of the work queue of fetchonce, as a producer may write it", {
    $id: `urn:fetchonce:message:${VERSION}`,
    ...schema,
    properties: Object.fromEntries(described),
    additionalProperties: false,
  });
}
