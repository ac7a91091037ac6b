import { hash } from "node:crypto";
import type * as z from "zod/mini";
import { jobIdOf as idOfMessage, jobIdOfCanonical } from "../model/keys.ts";
import { asciiJson, groupIdOf, hostOf, unknownFieldProblem } from "../model/message.ts";
import { headerProblem } from "../model/order.ts";
import { canonicalUrl, hostOfPlainUrl } from "../model/url.ts";
import { InvalidJobError, type JobProblem } from "./errors.ts";
import type { Job } from "./job.ts";
import { isOwnField, PRODUCER_FIELDS, type ProducerField, producerMessage } from "./producer-message.ts";

/** A job as the queue gets it. */
export interface CheckedJob {
  readonly job: Job;
  readonly job_id: string;
  readonly body: string;
  readonly group: string;
}

/** As in a list: 64 bits of the canonical URL's digest. */
const ARTIFACT_ID_DIGITS = 16;

const artifactIdOf = (canonical: string): string => hash("sha256", canonical).slice(0, ARTIFACT_ID_DIGITS);

/** What to write in the place of a value that is not valid. */
const ADVICE: Readonly<Record<ProducerField, string>> = {
  work_id: "write 1 to 512 characters, or leave it out, and it is the URL's host",
  artifact_id: "write 1 to 512 characters, or leave it out, and it is made from the URL",
  url: "write the whole of it, up to 8,192 characters, such as https://example.org/file",
  sha256: "write 64 hexadecimal digits, or leave it out",
  sha512: "write 128 hexadecimal digits, or leave it out",
  md5: "write 32 hexadecimal digits, or leave it out",
  bytes: "write a whole number from 0 on, or leave it out",
  expect: 'write such as {"type": "image/*", "least_bytes": 1, "most_bytes": 5000000}',
  headers: "write up to 16 names and values in visible ASCII; secrets are named with auth",
  auth: "write the name of a secret, up to 256 letters, digits and any of _/+=.@-",
  mirrors: "write 1 to 8 other URLs of the file",
  metadata: "write an object of up to 1,024 bytes of JSON",
  identity: "write 1 to 512 characters, or leave it out",
  refresh: "write 1 to 64 characters, a date for example, or leave it out",
};

/** @throws InvalidJobError if fetchonce would refuse the job, or it can only fail. */
export const checkJob = (job: Job): CheckedJob => checkPlainJob(job) ?? checkAnyJob(job);

/** An id that stands in JSON as it is. */
const PLAIN_ID = /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,512}$/;

/**
 * Checks the job that most jobs are, in a quarter of the time: a plain URL, with or without names, and nothing else.
 * @returns undefined for any other job, valid or not.
 */
export function checkPlainJob(job: Job): CheckedJob | undefined {
  if (typeof job !== "object" || job === null || typeof job.url !== "string") return undefined;
  for (const name in job) if (name !== "url" && name !== "work_id" && name !== "artifact_id") return undefined;
  const { url } = job;
  const host = hostOfPlainUrl(url);
  if (host === undefined) return undefined;
  const { work_id = host, artifact_id = artifactIdOf(url) } = job;
  if (!isPlainId(work_id) || !isPlainId(artifact_id)) return undefined;
  const job_id = jobIdOfCanonical({ work_id, artifact_id, url });
  const body = `{"work_id":"${work_id}","artifact_id":"${artifact_id}","url":"${url}"}`;
  return { job, job_id, body, group: groupIdOf(host) };
}

const isPlainId = (value: unknown): boolean => typeof value === "string" && PLAIN_ID.test(value);

/** Checks any job. @throws InvalidJobError as `checkJob`. */
export function checkAnyJob(job: Job): CheckedJob {
  if (typeof job !== "object" || job === null || Array.isArray(job))
    throw new InvalidJobError([{ field: "", reason: 'not an object; write such as {"url": "https://..."}' }], job);
  if (!isJson(job.metadata))
    throw new InvalidJobError([{ field: "metadata", reason: `not JSON; ${ADVICE.metadata}` }], job);
  const parsed = producerMessage.safeParse(withNames(job));
  const problems = [
    ...unknownFields(job),
    ...(parsed.success ? [] : parsed.error.issues.flatMap(problemsOf)),
    ...urlProblems(job),
    ...brokenText(job),
    ...(job.identity !== undefined && job.artifact_id === undefined ? [NEEDS_ARTIFACT_ID] : []),
  ];
  if (!parsed.success || problems.length > 0) throw new InvalidJobError(problems, job);
  const message = parsed.data;
  return {
    job,
    job_id: idOfMessage(message),
    body: asciiJson(JSON.stringify(message)),
    group: groupIdOf(hostOf(message.url)),
  };
}

/** The id under which the job's record and its announcement are found. @throws InvalidJobError as `checkJob`. */
export const jobIdOf = (job: Job): string => checkJob(job).job_id;

const NEEDS_ARTIFACT_ID: JobProblem = {
  field: "artifact_id",
  reason: "missing beside an identity; write one, since one that is made from the URL changes with it",
};

/** Ids that are absent are made from the URL, so that a URL is the same job from every producer and every list. */
function withNames(job: Job): Job {
  if (job.work_id !== undefined && job.artifact_id !== undefined) return job;
  if (typeof job.url !== "string" || !URL.canParse(job.url)) return { ...job, work_id: "-", artifact_id: "-" };
  const { artifact_id = artifactIdOf(canonicalUrl(job.url)), work_id } = job;
  return { ...job, work_id: work_id ?? hostOf(job.url), artifact_id };
}

const unknownFields = (job: Job): readonly JobProblem[] =>
  Object.keys(job)
    .filter((name) => !(PRODUCER_FIELDS as readonly string[]).includes(name))
    .map((name) => ({
      field: name,
      reason: isOwnField(name) ? "set by fetchonce itself; leave it out" : unknownFieldProblem(name, PRODUCER_FIELDS),
    }));

function problemsOf(issue: z.core.$ZodIssue): readonly JobProblem[] {
  const [first] = issue.path;
  const advice = ADVICE[first as ProducerField];
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ field: [...issue.path, key].join("."), reason: `unknown field; ${advice}` }));
  const header = first === "headers" && issue.code === "invalid_key" ? String(issue.path.at(-1)) : undefined;
  const said = header === undefined ? issue.message : (headerProblem(header) ?? "not the name of a header");
  return [{ field: issue.path.join("."), reason: `${said}; ${advice}` }];
}

/** Each of these URLs is a valid one, but the job would fail by it. */
function urlProblems({ url, mirrors }: Job): readonly JobProblem[] {
  const all = [{ field: "url", text: url }];
  if (Array.isArray(mirrors))
    all.push(...(mirrors as string[]).map((text, index) => ({ field: `mirrors.${index}`, text })));
  return all.flatMap(({ field, text }) => {
    const reason = typeof text === "string" ? urlProblem(text) : undefined;
    return reason === undefined ? [] : [{ field, reason }];
  });
}

function urlProblem(text: string): string | undefined {
  const parsed = URL.parse(text);
  if (parsed === null) return undefined;
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:")
    return `only http and https are fetched, not ${parsed.protocol.slice(0, -1)}; write the file's https address`;
  if (parsed.username === "" && parsed.password === "") return undefined;
  return "holds a user name or a password, which would be stored and logged; name a secret with auth";
}

function isJson(value: unknown): boolean {
  try {
    return value === undefined || JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}

const brokenText = (job: Job): readonly JobProblem[] =>
  Object.entries(job)
    .filter(([, value]) => holdsHalfCharacter(value))
    .map(([field]) => ({ field, reason: "holds half a character (a lone surrogate); write the text as UTF-8" }));

function holdsHalfCharacter(value: unknown): boolean {
  if (typeof value === "string") return !value.isWellFormed();
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([name, inner]) => !name.isWellFormed() || holdsHalfCharacter(inner));
}
