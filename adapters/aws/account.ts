import { GetAccountSettingsCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { GetParameterCommand, ParameterNotFound, SSMClient } from "@aws-sdk/client-ssm";

/** The parameter that `cdk bootstrap` writes with its standard qualifier. */
const BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version";
/** Somebody waits for the answers. Times are in milliseconds. */
const IMPATIENT = { maxAttempts: 2, requestHandler: { connectionTimeout: 3_000, socketTimeout: 5_000 } };

/** What a deployment needs to know of the account and the region. Each method throws if AWS cannot be asked. */
export interface Account {
  /** @throws Error if neither the environment nor a profile names a region. */
  region(): Promise<string>;
  /** The account's quota of concurrent executions in the region. */
  concurrency(): Promise<number>;
  isBootstrapped(): Promise<boolean>;
}

/** The account of the caller's own credentials. */
export function awsAccount(): Account {
  const lambda = new LambdaClient(IMPATIENT);
  const ssm = new SSMClient(IMPATIENT);
  return {
    region: async () => lambda.config.region(),
    concurrency: async () => {
      const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand());
      if (AccountLimit?.ConcurrentExecutions === undefined) throw new Error("Lambda's answer names no quota");
      return AccountLimit.ConcurrentExecutions;
    },
    isBootstrapped: async () =>
      ssm.send(new GetParameterCommand({ Name: BOOTSTRAP_VERSION })).then(
        () => true,
        (error: unknown) => {
          if (error instanceof ParameterNotFound) return false;
          throw error;
        },
      ),
  };
}
