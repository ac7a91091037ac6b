/** docs/message.schema.json and the clients refuse the same, but for what JSON Schema cannot say. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import vectors from "../../../clients/vectors.json" with { type: "json" };
import { checkJob } from "../../../core/producer/check-job.ts";

const SCHEMA = readFileSync(new URL("../../../docs/message.schema.json", import.meta.url), "utf8");
const isValid = new Ajv2020({ strict: true }).compile(JSON.parse(SCHEMA) as object);

/** Refused for what a URL is, which headers there are, how many bytes JSON has, and which fields go together. */
const IN_WORDS = new Set([
  "a relative URL",
  "another scheme",
  "a user in the URL",
  "a password in the URL",
  "a URL without a host",
  "a port above 65535",
  "a blank in the host",
  "an address of IPv4 that is none",
  "a bracket that does not end",
  "a mirror that is no URL",
  "a mirror by another scheme",
  "a secret header",
  "a header of the transfer",
  "metadata of 1,025 bytes",
]);

describe("the schema of a message", () => {
  it.each(vectors.jobs)("takes: $name", ({ job }) => {
    const message: unknown = JSON.parse(checkJob(job).body);
    isValid(message);
    expect(isValid.errors).toBeNull();
  });

  it.each(vectors.invalid)("of what is refused, refuses what it can: $name", ({ job, name }) => {
    expect(isValid(job)).toBe(IN_WORDS.has(name));
  });
});
