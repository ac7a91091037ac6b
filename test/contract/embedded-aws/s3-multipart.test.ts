import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import type {
  ListMultipartUploadsCommandOutput,
  ListObjectsV2CommandInput,
  ListObjectsV2CommandOutput,
} from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { bytesOf, MiB, multipartEtag, onEachS3, refusal, type BucketUnderTest } from "./s3-support.ts";

const full = bytesOf("full", 5 * MiB);
const small = Buffer.from("small");

onEachS3((s3) => {
  describe("multipart uploads", () => {
    test("several parts become one object with their content and S3's ETag of ETags", async () => {
      const bodies = [full, bytesOf("second", 5 * MiB + 1), small];
      const etag = await s3.complete(await s3.upload("multipart/several", bodies), {
        IfNoneMatch: "*",
        MpuObjectSize: 10 * MiB + 1 + small.length,
      });
      expect(etag).toBe(multipartEtag(bodies));
      expect((await s3.head("multipart/several")).ETag).toBe(etag);
      expect((await s3.read("multipart/several")).equals(Buffer.concat(bodies))).toBe(true);
    });

    test("a part uploaded again replaces the first", async () => {
      const upload = await s3.upload("multipart/replaced", [Buffer.from("first try")]);
      const { Key, UploadId } = upload;
      const again = new UploadPartCommand({ Bucket: s3.Bucket, Key, UploadId, PartNumber: 1, Body: "second try" });
      const { ETag = "" } = await s3.client.send(again);
      expect(await refusal(s3.complete(upload))).toEqual({ status: 400, name: "InvalidPart" });
      await s3.complete({ Key, UploadId, Parts: [{ PartNumber: 1, ETag }] });
      expect((await s3.read(Key)).toString()).toBe("second try");
    });

    test("completing a finished upload again succeeds and changes nothing", async () => {
      const upload = await s3.upload("multipart/again", [small]);
      const etag = await s3.complete(upload);
      expect(await s3.complete(upload)).toBe(etag);
      expect(await s3.read("multipart/again")).toEqual(small);
    });

    test("an upload whose Complete was refused by If-None-Match can still be aborted", async () => {
      await s3.put("multipart/taken", "taken");
      const upload = await s3.upload("multipart/taken", [small]);
      expect((await refusal(s3.complete(upload, { IfNoneMatch: "*" }))).status).toBe(412);
      const { Key, UploadId } = upload;
      await s3.client.send(new AbortMultipartUploadCommand({ Bucket: s3.Bucket, Key, UploadId }));
      expect((await s3.read("multipart/taken")).toString()).toBe("taken");
    });

    test.each([
      {
        flaw: "an ETag that is not the part's",
        spoil: (etag: string) => [{ PartNumber: 1, ETag: etag.replaceAll(/[0-9]/g, "0") }],
        name: "InvalidPart",
      },
      {
        flaw: "a part that was not uploaded",
        spoil: (etag: string) => [
          { PartNumber: 1, ETag: etag },
          { PartNumber: 3, ETag: etag },
        ],
        name: "InvalidPart",
      },
      {
        flaw: "parts out of order",
        spoil: (etag: string) => [
          { PartNumber: 2, ETag: etag },
          { PartNumber: 1, ETag: etag },
        ],
        name: "InvalidPartOrder",
      },
      {
        flaw: "a part under 5 MiB that is not the last",
        spoil: (etag: string) => [
          { PartNumber: 1, ETag: etag },
          { PartNumber: 2, ETag: etag },
        ],
        name: "EntityTooSmall",
      },
    ])("a Complete with $flaw is refused with $name", async ({ spoil, name }) => {
      const upload = await s3.upload("multipart/spoiled", [small, small]);
      const Parts = spoil(upload.Parts[0]?.ETag ?? "");
      expect(await refusal(s3.complete({ ...upload, Parts }))).toEqual({ status: 400, name });
    });

    test("a Complete that expects another size is refused", async () => {
      const upload = await s3.upload("multipart/size", [small]);
      expect((await refusal(s3.complete(upload, { MpuObjectSize: small.length + 1 }))).status).toBe(400);
    });

    test("every request for an aborted upload is refused with NoSuchUpload", async () => {
      const upload = await s3.upload("multipart/aborted", [small]);
      const { Key, UploadId } = upload;
      const named = { Bucket: s3.Bucket, Key, UploadId };
      await s3.client.send(new AbortMultipartUploadCommand(named));
      const gone = { status: 404, name: "NoSuchUpload" };
      expect(await refusal(s3.complete(upload))).toEqual(gone);
      expect(await refusal(s3.client.send(new ListPartsCommand(named)))).toEqual(gone);
      const late = new UploadPartCommand({ ...named, PartNumber: 2, Body: small });
      expect(await refusal(s3.client.send(late))).toEqual(gone);
      expect((await refusal(s3.head(Key))).status).toBe(404);
    });

    test("parts copied from ranges of another object become the same content", async () => {
      const source = Buffer.concat([full, small]);
      await s3.put("multipart/copy-source", source);
      const { Key, UploadId } = await s3.upload("multipart/copied", []);
      const CopySource = `${s3.Bucket}/multipart/copy-source`;
      const Parts = [];
      for (const [index, range] of [`0-${full.length - 1}`, `${full.length}-${source.length - 1}`].entries()) {
        const part = { Bucket: s3.Bucket, Key, UploadId, CopySource, PartNumber: index + 1 };
        const copy = new UploadPartCopyCommand({ ...part, CopySourceRange: `bytes=${range}` });
        const { CopyPartResult } = await s3.client.send(copy);
        Parts.push({ PartNumber: part.PartNumber, ETag: CopyPartResult?.ETag ?? "" });
      }
      expect(await s3.complete({ Key, UploadId, Parts })).toBe(multipartEtag([full, small]));
      expect((await s3.read(Key)).equals(source)).toBe(true);
    });

    test("a part copy with x-amz-copy-source-if-match of another version is refused", async () => {
      await s3.put("multipart/copy-source-version", "now");
      const { Key, UploadId } = await s3.upload("multipart/copy-refused", []);
      const part = { Bucket: s3.Bucket, Key, UploadId, PartNumber: 1 };
      const CopySource = `${s3.Bucket}/multipart/copy-source-version`;
      const copy = new UploadPartCopyCommand({ ...part, CopySource, CopySourceIfMatch: '"another"' });
      expect(await refusal(s3.client.send(copy))).toEqual({ status: 412, name: "PreconditionFailed" });
    });
  });

  describe("listings in pages", () => {
    test("contain the parts of an upload in ascending order", async () => {
      const { Key, UploadId, Parts } = await s3.upload("pages/parts", [small, Buffer.from("2"), Buffer.from("three")]);
      const named = { Bucket: s3.Bucket, Key, UploadId };
      const first = await s3.client.send(new ListPartsCommand({ ...named, MaxParts: 2 }));
      expect(first.IsTruncated).toBe(true);
      const marker = { PartNumberMarker: String(first.NextPartNumberMarker) };
      const second = await s3.client.send(new ListPartsCommand({ ...named, ...marker }));
      expect(second.IsTruncated).toBe(false);
      const listed = [...(first.Parts ?? []), ...(second.Parts ?? [])];
      expect(listed.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }))).toEqual(Parts);
      expect(listed.map(({ Size }) => Size)).toEqual([small.length, 1, 5]);
    });

    test("contain the unfinished uploads under a prefix, by key and then by age", async () => {
      const uploads = [];
      for (const key of ["b", "a", "a", "c/d"]) uploads.push(await s3.upload(`pages/uploads/${key}`, []));
      const [b, a1, a2, d] = uploads;
      const seen: string[] = [];
      let page: ListMultipartUploadsCommandOutput | undefined;
      do {
        page = await s3.client.send(
          new ListMultipartUploadsCommand({
            Bucket: s3.Bucket,
            Prefix: "pages/uploads/",
            MaxUploads: 1,
            KeyMarker: page?.NextKeyMarker,
            UploadIdMarker: page?.NextUploadIdMarker,
          }),
        );
        expect(page.Uploads).toHaveLength(1);
        seen.push(page.Uploads?.[0]?.UploadId ?? "");
      } while (page.IsTruncated);
      expect(seen).toEqual([a1, a2, b, d].map((upload) => upload?.UploadId));
    });

    test("contain objects in the byte order of their keys, by prefix, after a key, and by token", async () => {
      const keys = ["a-b", "a/b", "a/b!", "a0", "b/1", "b/é", "b/\u{1f600}", "c"].map((key) => `pages/objects/${key}`);
      for (const key of keys.toReversed()) await s3.put(key, "x");
      const first = await listObjects(s3, { MaxKeys: 3 });
      expect(first).toMatchObject({ IsTruncated: true, KeyCount: 3 });
      const second = await listObjects(s3, { MaxKeys: 3, ContinuationToken: first.NextContinuationToken });
      const third = await listObjects(s3, { MaxKeys: 3, ContinuationToken: second.NextContinuationToken });
      expect(third.IsTruncated).toBe(false);
      expect([first, second, third].flatMap((page) => keysOf(page))).toEqual(keys);
      expect(keysOf(await listObjects(s3, { StartAfter: keys[4] }))).toEqual(keys.slice(5));
      expect(keysOf(await listObjects(s3, { Prefix: "pages/objects/a/" }))).toEqual(keys.slice(1, 3));
      expect(keysOf(await listObjects(s3, { Prefix: "pages/objects/none" }))).toEqual([]);
    });
  });
});

function keysOf({ Contents = [] }: ListObjectsV2CommandOutput): readonly (string | undefined)[] {
  return Contents.map(({ Key }) => Key);
}

function listObjects(
  { client, Bucket }: BucketUnderTest,
  options: Partial<ListObjectsV2CommandInput>,
): Promise<ListObjectsV2CommandOutput> {
  return client.send(new ListObjectsV2Command({ Bucket, Prefix: "pages/objects/", ...options }));
}
