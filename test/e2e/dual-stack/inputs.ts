/** Hosts with several addresses, and what becomes of a download from each. */

export const PORT = 8080;
/** Something listens there. */
export const ANSWERS_V4 = "8.8.8.8";
export const ANSWERS_V6 = "2606:4700::1111";
/** The namespace has them, and nothing listens there. */
export const REFUSES_V4 = "8.8.8.9";
export const REFUSES_V6 = "2606:4700::9";
/** What is sent there gets lost. */
export const SILENT_V4 = "8.8.4.4";
export const SILENT_V6 = "2606:4700:1::4";
/** No route leads there. */
export const UNREACHABLE_V4 = "8.8.2.2";
export const UNREACHABLE_V6 = "2606:4700:2::2";

export interface Host {
  readonly name: string;
  readonly addresses: readonly string[];
}

const host = (name: string, ...addresses: readonly string[]): Host => ({ name: `${name}.example`, addresses });

/** One of the addresses answers. */
export const FETCHED: readonly Host[] = [
  host("only-v6", ANSWERS_V6),
  host("only-v4", ANSWERS_V4),
  host("both", ANSWERS_V6, ANSWERS_V4),
  host("silent-v6", SILENT_V6, ANSWERS_V4),
  host("silent-v4", SILENT_V4, ANSWERS_V6),
  host("refusing-v6", REFUSES_V6, ANSWERS_V4),
  host("refusing-v4", REFUSES_V4, ANSWERS_V6),
  host("unreachable-v6", UNREACHABLE_V6, ANSWERS_V4),
  host("unreachable-v4", UNREACHABLE_V4, ANSWERS_V6),
  // The resolver may put them into another order, so each has its mirror.
  host("first-refuses", REFUSES_V4, ANSWERS_V4),
  host("second-refuses", ANSWERS_V4, REFUSES_V4),
  host("first-silent", SILENT_V4, ANSWERS_V4),
  host("second-silent", ANSWERS_V4, SILENT_V4),
  host("one-of-six", SILENT_V6, REFUSES_V6, UNREACHABLE_V6, SILENT_V4, REFUSES_V4, ANSWERS_V4),
];

/** None of the addresses answers. */
export const FAILED: readonly (Host & { readonly reason: string })[] = [
  { ...host("all-refuse", REFUSES_V6, REFUSES_V4), reason: "origin_refused_connection" },
  { ...host("only-unreachable-v6", UNREACHABLE_V6), reason: "origin_unreachable" },
];

export const urlOf = ({ name }: Host): string => `http://${name}:${PORT}/${name}`;
