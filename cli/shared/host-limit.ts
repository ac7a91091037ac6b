/** Limits of hosts, as people write and read them. */
import { limits as limitsSchema } from "../../core/flow/host-limits.ts";
import type { Limits } from "../../core/flow/host-rules-document.ts";
import { plural } from "./words.ts";

const LIMIT = /^(?:(\d+))?,?(?:([\d.]+)\/s)?$/;

/** `4`, `2/s`, `4,2/s` or `unlimited`. @returns undefined for anything else. */
export function limitsIn(text: string): Limits | undefined {
  if (text.toLowerCase() === "unlimited") return "unlimited";
  const [, connections, perSecond] = LIMIT.exec(text) ?? [];
  const limits = {
    ...(connections !== undefined && { connections: Number(connections) }),
    ...(perSecond !== undefined && { perSecond: Number(perSecond) }),
  };
  return Object.keys(limits).length > 0 && limitsSchema.safeParse(limits).success ? limits : undefined;
}

export function limitsInWords(limits: Limits | undefined): string {
  if (limits === undefined) return "no rule";
  if (limits === "unlimited") return "unlimited";
  const { connections, perSecond } = limits;
  const words = [
    ...(connections === undefined ? [] : [plural(connections, "connection")]),
    ...(perSecond === undefined ? [] : [perSecond === 1 ? "1 request a second" : `${perSecond} requests a second`]),
  ];
  return words.join(", ") || "no limit, but left alone when it asks for it or is down";
}
