/**
 * Replaces @aws-sdk/credential-provider-node in the bundles (infra/bundling/bundle.ts). Lambda always passes
 * credentials in the environment, and the default provider's chain of files, SSO and STS is 108 KB.
 */
export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";
