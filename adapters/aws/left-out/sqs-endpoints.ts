import { regionalEndpoint, type Parameters } from "./regional-endpoints.ts";

/** @throws Error for what there is no rule for. */
export const defaultEndpointResolver = (parameters: Parameters) => regionalEndpoint("sqs", parameters);
