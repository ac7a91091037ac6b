import type { Account } from "../../adapters/aws/account.ts";
import type { Environment } from "../../infra/environments/environment.ts";
import { isLink } from "../../infra/environments/environments.ts";
import { concurrencyOf, invocationsIn, JOBS_OF_A_NEW_TABLE, UNITS_OF_A_TABLE, unitsOf } from "./limits.ts";

const SETTINGS = "infra/environments/environments.ts";

export interface Finding {
  /** `todo`: the deployment would fail, or run worse than planned. `unknown`: it could not be looked at. */
  readonly kind: "ok" | "todo" | "unknown";
  readonly text: string;
}

const ok = (text: string): Finding => ({ kind: "ok", text });
const todo = (text: string): Finding => ({ kind: "todo", text });

/** What to ask for and to set before the first deployment of an environment. */
export async function findingsOf(environment: Environment, account: Account): Promise<readonly Finding[]> {
  const region = await account.region().catch(() => undefined);
  const aboutAccount =
    region === undefined
      ? [todo("No region is set. Set AWS_REGION, then run this again: nothing of the account was looked at.")]
      : await lookAt(account, environment, region);
  return [...aboutAccount, ...aboutSettings(environment)];
}

const lookAt = async (account: Account, environment: Environment, region: string): Promise<readonly Finding[]> => [
  ok(`The region is ${region}.`),
  await asked("whether the CDK is bootstrapped", async () =>
    (await account.isBootstrapped())
      ? ok("The CDK is bootstrapped.")
      : todo(
          `The CDK is not bootstrapped in ${region}. Run npx cdk bootstrap aws://<account>/${region} with the -c options of this command.`,
        ),
  ),
  await asked("the quota of concurrent executions", async () =>
    aboutConcurrency(environment, await account.concurrency()),
  ),
  ...aboutAnnouncements(environment, region),
];

const ANNOUNCED: Readonly<Record<Environment["announcements"], string | undefined>> = {
  single: "as many stored files a second are announced without delay.",
  batched: "as many events a second, of about a hundred stored files each, are sent without delay.",
  none: undefined,
};

function aboutAnnouncements({ announcements }: Environment, region: string): readonly Finding[] {
  const announced = ANNOUNCED[announcements];
  const invocations = `EventBridge makes ${invocationsIn(region)} invocations a second in ${region} by default`;
  return announced === undefined ? [] : [ok(`${invocations}: with one rule on the bus, ${announced}`)];
}

async function asked(what: string, look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { kind: "unknown", text: `Could not look at ${what} (${why}).` };
  }
}

function aboutConcurrency(environment: Environment, quota: number): Finding {
  const needed = concurrencyOf(environment);
  const both = `The account may run ${quota} Lambda executions at once, and this deployment may use ${needed}.`;
  return quota >= needed
    ? ok(both)
    : todo(
        `${both} Ask Service Quotas for more (Lambda, "Concurrent executions"), ` +
          `or lower ${environment.provisionedPollers ? "provisionedPollers.maximum" : "workerConcurrency"} ` +
          `or urgentWorkerConcurrency or longWorkerConcurrency in ${SETTINGS}.`,
      );
}

function* aboutSettings({ monitoring, warmJobsASecond }: Environment): Generator<Finding> {
  const units = unitsOf(warmJobsASecond ?? 0);
  if (units > UNITS_OF_A_TABLE)
    yield todo(
      `warmJobsASecond is ${warmJobsASecond}, and AWS refuses more than the quota of a table: ${UNITS_OF_A_TABLE} write units ` +
        `a second by default. Ask Service Quotas for ${units} (DynamoDB, "Table-level write throughput limit").`,
    );
  yield ok(
    `A new table takes ${warmJobsASecond ?? JOBS_OF_A_NEW_TABLE} jobs a second at once` +
      (warmJobsASecond === undefined ? `. If the first load is higher, set warmJobsASecond in ${SETTINGS}.` : "."),
  );
  if (!monitoring?.tells) {
    yield ok("Alarms notify nobody, as this environment is set.");
    return;
  }
  const { emails, httpsUrls, slack } = monitoring.tells.page;
  yield emails.length + httpsUrls.length > 0 || slack
    ? ok("Somebody is paged. E-mail addresses must be confirmed after the deployment: SNS writes to them.")
    : todo(`Nobody is paged. Write subscribers into monitoring.tells.page in ${SETTINGS}.`);
  yield isLink(monitoring.runbookBaseUrl)
    ? ok(`The alarms link to the runbooks below ${monitoring.runbookBaseUrl}.`)
    : todo(
        `The alarms' runbooks are no links. Write the address of docs/runbooks/ into monitoring.runbookBaseUrl in ${SETTINGS}.`,
      );
}
