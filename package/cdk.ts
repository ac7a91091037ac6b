/** `import ... from "fetchonce/cdk"`: the construct for CDK apps. */
export type { Existing } from "../infra/data/existing.ts";
export { Fetchonce, type FetchonceProps } from "../infra/construct/fetchonce.ts";
export type {
  CodeDeploymentPace,
  Environment,
  ExpiredRecords,
  Monitoring,
  Subscribers,
} from "../infra/environments/environment.ts";
export { DEFAULTS, type Settings } from "../infra/environments/settings.ts";
export type { Network } from "../infra/pipeline/network.ts";
export type { AlarmTopics } from "../infra/pipeline/alarm-topics.ts";
