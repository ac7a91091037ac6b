/** DynamoDB's endpoint discovery is off unless somebody turns it on. We never do: 9 KB of each bundle. */
const isOff = (): undefined => undefined;

export const NODE_ENDPOINT_DISCOVERY_CONFIG_OPTIONS = {
  environmentVariableSelector: isOff,
  configFileSelector: isOff,
  default: undefined,
};
export const resolveEndpointDiscoveryConfig = <T>(config: T): T => config;
