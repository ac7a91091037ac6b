import { fromEnv } from "@aws-sdk/credential-provider-env";

type Provider = ReturnType<typeof fromEnv>;

/**
 * Replaces @aws-sdk/credential-provider-node in the bundles (infra/bundling/bundle.ts). Lambda always passes
 * credentials in the environment, and the default provider's chain of files, SSO and STS is 108 KB. They are read once,
 * as by the default provider: a process of Lambda keeps them as long as it lives, and the SDK asks twice a request.
 */
export function defaultProvider(): Provider {
  const read = fromEnv();
  let credentials: ReturnType<Provider> | undefined;
  return async (options) => (credentials ??= read(options));
}
