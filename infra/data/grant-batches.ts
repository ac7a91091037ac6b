import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import { BATCHES_FOLDER } from "../../core/batches/batch-lines.ts";
import { BATCH_PREFIX } from "../../core/batches/batch-record.ts";
import { LISTS_FOLDER } from "../../core/lists/list-record.ts";
import { KEY_ACTIONS } from "../shared/key-actions.ts";
import type { Data } from "./data.ts";
import { grantSubmit } from "./grant-submit.ts";

/** Keys of the objects in the archive that hold the lines and the reports of batches. */
export const BATCH_FILES = `${BATCHES_FOLDER}*`;

/** Keys of the objects in the archive that become batches. */
export const LIST_OBJECTS = `${LISTS_FOLDER}*`;

type BatchData = Pick<Data, "archive" | "table" | "work">;

/**
 * Lets a producer submit lists as batches: send their jobs, store their lines, and begin and read their records.
 * @throws RangeError if the grantee takes no policies, as a role of another account does not.
 */
export function grantSubmitBatch({ archive, table, work }: BatchData, grantee: IGrantable): Grant {
  const records = Grant.addToPrincipal({
    grantee,
    actions: ["dynamodb:GetItem", "dynamodb:UpdateItem"],
    resourceArns: [table.tableArn],
    // The table holds the jobs, too.
    conditions: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [`${BATCH_PREFIX}*`] } },
  });
  // A combined grant succeeds if any part of it does.
  if (!records.success)
    throw new RangeError(
      "grantSubmitBatch cannot let the grantee into the table, which no policy of its own opens. Give it a role of " +
        "the table's account; producers of other accounts send jobs without a batch (grantSubmit).",
    );
  const grant = grantSubmit(work.queue, grantee)
    .combine(grantFiles(archive, grantee, ["s3:GetObject", "s3:PutObject"]))
    .combine(records);
  const keys = new Set([archive.encryptionKey, table.encryptionKey].filter((key) => key !== undefined));
  return [...keys].reduce((all, key) => all.combine(key.grant(grantee, ...KEY_ACTIONS)), grant);
}

/** Lets a producer, of another account too, put lists that become batches, and do nothing else. */
export function grantPutLists({ archive }: Pick<Data, "archive">, grantee: IGrantable): Grant {
  // Large objects are uploaded in parts, and an upload that fails is given up.
  const grant = grantObjects(archive, grantee, LIST_OBJECTS, ["s3:PutObject", "s3:AbortMultipartUpload"]);
  const { encryptionKey: key } = archive;
  return key === undefined ? grant : grant.combine(key.grant(grantee, ...KEY_ACTIONS));
}

/** Lets a consumer read the reports of batches, and do nothing else. */
export function grantReadReports({ archive }: Pick<Data, "archive">, grantee: IGrantable): Grant {
  const grant = grantFiles(archive, grantee, ["s3:GetObject"]);
  const { encryptionKey: key } = archive;
  return key === undefined ? grant : grant.combine(key.grant(grantee, "kms:Decrypt"));
}

const grantFiles = (archive: Data["archive"], grantee: IGrantable, actions: readonly string[]): Grant =>
  grantObjects(archive, grantee, BATCH_FILES, actions);

const grantObjects = (archive: Data["archive"], grantee: IGrantable, keys: string, actions: readonly string[]): Grant =>
  Grant.addToPrincipalOrResource({
    grantee,
    actions: [...actions],
    resourceArns: [archive.arnForObjects(keys)],
    resource: archive,
  });
