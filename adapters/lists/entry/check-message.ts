import { hash } from "node:crypto";
import type { JobMessage } from "../../../core/model/message.ts";
import { jobOrder, ORDER_FIELDS, type JobOrder } from "../../../core/model/order.ts";
import { checkUrl, type AcceptedUrl } from "./check-url.ts";

/** The values of an entry as they were read. Undefined or null: absent. */
export interface RawMessage {
  readonly work_id?: unknown;
  readonly artifact_id?: unknown;
  readonly url?: unknown;
  readonly sha256?: unknown;
  /** The fields of an order. */
  readonly [field: string]: unknown;
}

export interface FieldProblem {
  readonly field?: string;
  readonly reason: string;
}

const MOST_ID_CHARACTERS = 512;
/** 64 bits: among a million URLs of one host, the odds that two share an id are one in 37 million. */
const ARTIFACT_ID_DIGITS = 16;
const NEEDED_BESIDE_IDENTITY =
  "missing beside an identity; write one, since one that is made from the URL changes with it";
const SHA256 = /^[0-9a-fA-F]{64}$/;

/**
 * Validates like the schema `jobMessage`, in a fifth of its time, and refuses what could never be fetched. Ids that are
 * absent are derived from the URL alone, so that a URL is the same job in every list.
 */
export function checkMessage(raw: RawMessage): JobMessage | readonly FieldProblem[] {
  const url = typeof raw.url === "string" ? raw.url.trim() : undefined;
  const accepted = url === undefined ? notText(raw.url, "the URL of the file") : checkUrl(url);
  const workId = raw.work_id ?? undefined;
  const artifactId = raw.artifact_id ?? undefined;
  const sha256 = raw.sha256 ?? undefined;
  const problems: FieldProblem[] = [];
  const note = (field: string, reason: string | undefined): void => {
    if (reason !== undefined) problems.push({ field, reason });
  };
  if (workId !== undefined) note("work_id", idProblem("work_id", workId));
  if (artifactId !== undefined) note("artifact_id", idProblem("artifact_id", artifactId));
  else if ((raw["identity"] ?? undefined) !== undefined) note("artifact_id", NEEDED_BESIDE_IDENTITY);
  if (typeof accepted === "string") note("url", accepted);
  if (sha256 !== undefined) note("sha256", sha256Problem(sha256));
  const order = checkOrder(raw);
  if (Array.isArray(order)) problems.push(...order);
  if (problems.length > 0 || url === undefined || typeof accepted === "string") return problems;
  const message = {
    work_id: (workId ?? accepted.host) as string,
    artifact_id: (artifactId ?? artifactIdOf(accepted)) as string,
    url,
  };
  const digest = sha256 === undefined ? {} : { sha256: (sha256 as string).toLowerCase() };
  return { ...message, ...digest, ...(order as JobOrder | undefined) };
}

/** What the message says of the file beyond its names; undefined if nothing, as most lines do. */
function checkOrder(raw: RawMessage): JobOrder | readonly FieldProblem[] | undefined {
  const said = ORDER_FIELDS.filter((field) => raw[field] !== undefined && raw[field] !== null);
  if (said.length === 0) return undefined;
  const values = Object.fromEntries(said.map((field) => [field, wholeNumberIn(field, raw[field])]));
  const parsed = jobOrder.safeParse(values);
  if (parsed.success) return parsed.data;
  return parsed.error.issues.map(({ message, path }) => ({ field: path.map(String).join("."), reason: message }));
}

/** In a table all values are text. */
const wholeNumberIn = (field: string, value: unknown): unknown =>
  field === "bytes" && typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;

const artifactIdOf = ({ canonical }: AcceptedUrl): string => hash("sha256", canonical).slice(0, ARTIFACT_ID_DIGITS);

const notText = (value: unknown, wanted: string): string =>
  value === undefined || value === null ? `missing; write ${wanted}` : `not text; write ${wanted} as text`;

function idProblem(name: string, value: unknown): string | undefined {
  if (typeof value !== "string") return notText(value, "an id");
  if (value === "") return `empty; write an id, or leave ${name} out, and it is made from the URL`;
  if (value.length > MOST_ID_CHARACTERS) return `longer than ${MOST_ID_CHARACTERS} characters; write a shorter id`;
  return value.isWellFormed() ? undefined : "holds half a character (a lone surrogate); write the list again, in UTF-8";
}

function sha256Problem(value: unknown): string | undefined {
  if (typeof value !== "string") return notText(value, "64 hexadecimal digits");
  if (SHA256.test(value)) return undefined;
  return `not 64 hexadecimal digits${sha256Hint(value)}; write the file's SHA-256, or leave it out`;
}

function sha256Hint(value: string): string {
  if (value === "") return " but empty";
  if (/^[0-9a-f]{32}$/i.test(value)) return " but 32, which may be an MD5 (field md5)";
  if (/^[0-9a-f]{40}$/i.test(value)) return " but 40, which may be a SHA-1";
  if (/^[0-9a-f]{128}$/i.test(value)) return " but 128, which may be a SHA-512 (field sha512)";
  if (/^[A-Za-z0-9+/]{43}=$/.test(value)) return " but base64";
  return SHA256.test(value.replace(/^sha-?256[:=-]/i, "")) ? " but with the algorithm's name before them" : "";
}
