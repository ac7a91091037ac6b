/**
 * Stands in for @aws-sdk/credential-provider-node in the bundles (see the functions' bundling): Lambda always hands
 * credentials over in the environment, and the chain of files, SSO and STS behind the default provider is 108 KB.
 */
export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";
