import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Stack } from "aws-cdk-lib/core";
import { letAlarmsUse } from "../pipeline/notifications.ts";

/**
 * Lets CloudWatch use the key: it encrypts log groups and publishes alarms for nobody's role. EventBridge gets its
 * statement from the CDK. The policy of a key that another app made is left as it is.
 */
export function letServicesUse(key: IKey, { account, partition, region }: Stack): void {
  letAlarmsUse(key);
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: "LetLogsBeEncrypted",
      principals: [new ServicePrincipal(`logs.${region}.amazonaws.com`)],
      actions: ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
      resources: ["*"],
      conditions: {
        ArnLike: { "kms:EncryptionContext:aws:logs:arn": `arn:${partition}:logs:${region}:${account}:*` },
      },
    }),
  );
}
