/** What scenarios of hosts with limits have in common. */
import { RetryableError } from "../../../core/model/errors.ts";
import type { HostRule } from "../../../core/flow/host-rule.ts";
import { LARGE, message, one, resource, serving, SMALL, type ProvenScenario } from "./scenario-kinds.ts";

export const outage = () => new RetryableError("outage", { failureClass: "system" });

/** A dead worker's places, a probe of a host that was down, and the queue of those that wait. */
export const HOST_WAIT_MS = 90_000;

/** Some requests to a host that gets one in a hundred seconds, or some to one that gets one in two hundred. */
export const SLOW_WAIT_MS = 1_200_000;

/** Of several artifacts with one body. */
export const SAME = ["INDEXED", "DEDUPED"];

export const limited = (
  name: string,
  rules: readonly HostRule[],
  more: Partial<ProvenScenario> & { readonly body?: Buffer } = {},
): ProvenScenario =>
  one({ name, body: LARGE, hostWaitMs: HOST_WAIT_MS, ...more, settings: { hostRules: rules, ...more.settings } });

export const two = {
  messages: [message("a"), message("b")],
  prepare: serving({ a: resource(LARGE), b: resource(SMALL) }),
  published: [[LARGE], [SMALL]],
  ends: { a: ["INDEXED"], b: ["INDEXED"] },
};
