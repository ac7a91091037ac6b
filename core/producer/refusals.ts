/** Which refusals of the queue may pass. Names and codes are those of SQS and of the AWS SDK. */
import type { BatchAnswer } from "./job.ts";

export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** Whether the same entry may be taken later. */
  readonly mayPass: boolean;
}

/** Some of them are called the sender's fault. */
const SLOW_DOWN = /throttl|TooManyRequests|RequestLimitExceeded|RequestTimeout|SlowDown/i;

export function refusalOfEntry(entry: NonNullable<BatchAnswer["Failed"]>[number] | undefined): Refusal {
  if (entry === undefined)
    return { code: "NoAnswer", message: "the queue's answer does not name the entry", mayPass: true };
  const { Code: code = "Unknown", Message: message = "no reason given", SenderFault: isOurFault = false } = entry;
  return { code, message, mayPass: !isOurFault || SLOW_DOWN.test(code) };
}

/** Of a whole request. The SDK's errors say whose fault they are. Others may be the network's, and may pass. */
export function refusalOfRequest(error: unknown): Refusal {
  const { $fault, code, message, name } = (typeof error === "object" && error !== null ? error : {}) as Readonly<
    Record<string, unknown>
  >;
  const named = [name, code].find((each) => typeof each === "string" && each !== "Error");
  const text = typeof named === "string" ? named : "Unknown";
  return {
    code: text,
    message: typeof message === "string" ? message : String(error),
    mayPass: $fault !== "client" || SLOW_DOWN.test(text),
  };
}
