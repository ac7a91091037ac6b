import type { OriginFacts } from "../model/record.ts";
import type { ContentFacts } from "../ports/content.ts";

/** S3 keeps 2 KB of metadata, in ASCII. */
const LONGEST_URL = 1_024;

/** What the origin says of the file, for whoever finds the object alone. */
function metadataOf(facts: OriginFacts): Readonly<Record<string, string>> {
  const { decodedFrom, digestSource, fileName, finalUrl, lastModified, originEtag } = facts;
  return {
    ...(fileName !== undefined && { "file-name": encodeURIComponent(fileName) }),
    ...(finalUrl !== undefined && finalUrl.length <= LONGEST_URL && { "final-url": finalUrl }),
    ...(originEtag !== undefined && { "origin-etag": encodeURI(originEtag) }),
    ...(lastModified !== undefined && { "last-modified": encodeURI(lastModified) }),
    ...(decodedFrom !== undefined && { "decoded-from": encodeURI(decodedFrom) }),
    ...(digestSource !== undefined && { "digest-source": digestSource }),
  };
}

export const contentFactsOf = (facts: OriginFacts): ContentFacts => ({
  contentType: facts.contentType,
  contentEncoding: facts.contentEncoding,
  metadata: metadataOf(facts),
});
