import type { OriginFacts } from "../model/record.ts";
import type { AnnouncedDigest } from "./announced-digests.ts";
import { contentTypeOf } from "./answer.ts";
import type { OriginAnswer } from "./ask.ts";
import type { ContentCoding } from "./content-coding.ts";
import { fileNameOf } from "./file-name.ts";

/** A record has room for some hundred bytes of each. A validator that is longer is still used, but not kept. */
const LONGEST_TEXT = 256;
const LONGEST_URL = 2_048;

interface Circumstances {
  /** The job's URL; undefined if a mirror was asked. */
  readonly job: string | undefined;
  readonly coding: ContentCoding;
  readonly announced: readonly AnnouncedDigest[];
}

/** What an answer says of the file besides its bytes. */
export function originFactsIn({ response, url }: OriginAnswer, { job, coding, announced }: Circumstances): OriginFacts {
  const { headers } = response;
  const fileName = fileNameOf(headers["content-disposition"]);
  const originEtag = short(headers["etag"]);
  const lastModified = short(headers["last-modified"]);
  const isOwn = job !== undefined && url === new URL(job).href.replace(/#.*$/, "");
  const sources = [...new Set(announced.map(({ source }) => source))];
  return {
    contentType: contentTypeOf(response),
    ...(fileName !== undefined && { fileName }),
    ...(!isOwn && { finalUrl: shortUrl(url) }),
    ...(originEtag !== undefined && { originEtag }),
    ...(lastModified !== undefined && { lastModified }),
    ...(coding.kept !== undefined && { contentEncoding: coding.kept }),
    ...(coding.decode.length > 0 && { decodedFrom: coding.decode.join(", ") }),
    ...(sources.length > 0 && { digestSource: sources.join(", ") }),
  };
}

const short = (text: string | undefined): string | undefined => {
  const trimmed = text?.trim();
  return trimmed && trimmed.length <= LONGEST_TEXT ? trimmed : undefined;
};

/** A long query is mostly a signature, which is of no use later. */
const shortUrl = (url: string): string => {
  const shorter = url.length <= LONGEST_URL ? url : url.replace(/\?.*$/s, "");
  return shorter.slice(0, LONGEST_URL);
};
