import type { HttpResponse } from "../ports/http.ts";
import { contentTypeOf } from "./answer.ts";
import { fileNameOf } from "./file-name.ts";

/** What becomes of a Content-Encoding that came although we had asked for none. */
export interface ContentCoding {
  /** Codings to take away, in the order in which they were put on. */
  readonly decode: readonly string[];
  /** The coding that the stored bytes keep, as the origin names it. */
  readonly kept: string | undefined;
}

export interface CodingDeps {
  readonly decoder: { knows(coding: string): boolean };
  readonly settings: { readonly keepsContentEncoding: boolean };
}

/** As many as curl takes, less what nobody has seen. Each one may multiply the size. */
const MOST_CODINGS = 3;
/** They say nothing: the second one is how Amazon's SDKs sign a body. */
const NONE = new Set(["", "identity", "aws-chunked"]);
const GZIP_TYPE = /^application\/(x-)?(gzip|gtar|tgz|gtar-compressed|compressed|tar)\b/i;
const GZIP_NAME = /\.(gz|tgz|svgz|taz|emz)$/i;

/**
 * Servers mark gzip *files* with the coding gzip, as if they were to be decoded. Where the type or the name says that
 * the file itself is compressed, it is stored as it came, and nothing is marked.
 */
function isGzipFile(response: HttpResponse, urls: readonly string[], codings: readonly string[]): boolean {
  if (codings.length !== 1 || codings[0] !== "gzip") return false;
  const names = [
    ...urls.map((url) => new URL(url).pathname),
    fileNameOf(response.headers["content-disposition"]) ?? "",
  ];
  return GZIP_TYPE.test(contentTypeOf(response)) || names.some((name) => GZIP_NAME.test(name));
}

const codingsIn = (header: string): readonly string[] =>
  header
    .split(",")
    .map((coding) => coding.trim().toLowerCase().replace(/^x-/, ""))
    .filter((coding) => !NONE.has(coding));

/** Codings of the transfer alone (RFC 9112, 7): whatever else is said of the body is said of it without them. */
export const transferCodings = (response: HttpResponse): readonly string[] =>
  codingsIn(response.headers["transfer-encoding"] ?? "").filter((coding) => coding !== "chunked");

/** @param urls the job's, and the one that answered. */
export function contentCoding(
  response: HttpResponse,
  urls: readonly string[],
  { decoder, settings }: CodingDeps,
): ContentCoding {
  const header = response.headers["content-encoding"] ?? "";
  const codings = codingsIn(header);
  if (codings.length === 0 || isGzipFile(response, urls, codings)) return { decode: [], kept: undefined };
  const canDecode = codings.length <= MOST_CODINGS && codings.every((coding) => decoder.knows(coding));
  if (settings.keepsContentEncoding || !canDecode) return { decode: [], kept: header.trim() };
  return { decode: codings, kept: undefined };
}
