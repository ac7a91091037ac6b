import { XMLBuilder, XMLParser } from "fast-xml-parser";
import { z } from "zod";
import { S3Error } from "./errors.ts";

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

const builder = new XMLBuilder({ ignoreAttributes: false });
const parser = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  isArray: (name) => name === "Part" || name === "Object",
});

export type XmlContent = Readonly<Record<string, unknown>>;

export function toXml(root: string, content: XmlContent): string {
  const declaration = { "@_version": "1.0", "@_encoding": "UTF-8" };
  return builder.build({ "?xml": declaration, [root]: { "@_xmlns": NAMESPACE, ...content } });
}

function parseXml<T>(text: string, shape: z.ZodType<T>): T {
  try {
    return shape.parse(parser.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new S3Error("MalformedXML", `The request's XML does not have the form that the operation expects: ${why}`);
  }
}

export interface CompletedPart {
  readonly number: number;
  readonly etag: string;
  readonly crc32: string | undefined;
}

const completion = z.object({
  CompleteMultipartUpload: z.object({
    Part: z
      .array(
        z.object({
          PartNumber: z.coerce.number().int().min(1).max(10_000),
          ETag: z.string(),
          ChecksumCRC32: z.string().optional(),
        }),
      )
      .min(1),
  }),
});

export function parseCompletion(text: string): readonly CompletedPart[] {
  return parseXml(text, completion).CompleteMultipartUpload.Part.map((part) => ({
    number: part.PartNumber,
    etag: unquoted(part.ETag),
    crc32: part.ChecksumCRC32,
  }));
}

const deletion = z.object({
  Delete: z.object({
    Quiet: z.string().optional(),
    Object: z
      .array(z.object({ Key: z.string() }))
      .min(1)
      .max(1000),
  }),
});

export function parseDeletion(text: string): { readonly quiet: boolean; readonly keys: readonly string[] } {
  const { Quiet, Object: objects } = parseXml(text, deletion).Delete;
  return { quiet: Quiet === "true", keys: objects.map((object) => object.Key) };
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}

export function unquoted(etag: string): string {
  return etag.replace(/^\s*"?/, "").replace(/"?\s*$/, "");
}
