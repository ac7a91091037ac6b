import {
  GatewayVpcEndpoint,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  type ISecurityGroup,
  type IVpc,
  SecurityGroup,
  type SubnetSelection,
} from "aws-cdk-lib/aws-ec2";
import { Validations } from "aws-cdk-lib/core";
import type { Construct } from "constructs";
import type { Environment } from "../environments/environment.ts";

/** The VPC in which the functions run. They reach origins through its NAT, or whatever else leads out of it. */
export interface Network {
  readonly vpc: IVpc;
  /** Default: the VPC's private subnets that have a way out. */
  readonly subnets?: SubnetSelection | undefined;
  /** Default: one of their own, which lets them connect to everywhere, and nobody to them. */
  readonly securityGroups?: readonly ISecurityGroup[] | undefined;
  /**
   * Endpoints that are made in the VPC, so that requests to AWS do not pay for the NAT. `gateway`: of S3 and DynamoDB,
   * which cost nothing. `all`: also of SQS, EventBridge, CloudWatch and Secrets Manager, as far as the functions call
   * them; each costs by the hour. A VPC accepts one of a kind. Default: `none`.
   */
  readonly endpoints?: "none" | "gateway" | "all" | undefined;
}

/** What a function needs to know of it. */
export interface FunctionsNetwork extends Pick<Network, "vpc" | "subnets"> {
  readonly securityGroups: readonly ISecurityGroup[];
}

/** Makes what is left to its default. */
export function functionsNetwork(scope: Construct, network: Network, environment: Environment): FunctionsNetwork {
  const { endpoints = "none", subnets, vpc } = network;
  const description = "The functions of fetchonce. They connect to everywhere, and nobody to them.";
  const securityGroups = network.securityGroups ?? [
    new SecurityGroup(scope, "FunctionsSecurityGroup", { vpc, description }),
  ];
  if (endpoints !== "none") Object.entries(GATEWAYS).forEach(gatewayIn(scope, network));
  if (endpoints === "all") Object.entries(interfacesFor(environment)).forEach(interfaceIn(scope, network));
  return { vpc, subnets, securityGroups };
}

const gatewayIn =
  (scope: Construct, { subnets, vpc }: Network) =>
  ([id, service]: readonly [string, GatewayVpcEndpointAwsService]): GatewayVpcEndpoint =>
    new GatewayVpcEndpoint(scope, id, { vpc, service, ...(subnets && { subnets: [subnets] }) });

const interfaceIn =
  (scope: Construct, { subnets, vpc }: Network) =>
  ([id, service]: readonly [string, InterfaceVpcEndpointAwsService]): void => {
    const endpoint = new InterfaceVpcEndpoint(scope, id, { vpc, service, ...(subnets && { subnets }) });
    Validations.of(endpoint).acknowledge({
      id: "AwsSolutions-EC23",
      reason: "It lets in the addresses of the VPC alone, whose other clients resolve the service's name to it, too.",
    });
  };

const GATEWAYS = {
  S3Endpoint: GatewayVpcEndpointAwsService.S3,
  DynamoDbEndpoint: GatewayVpcEndpointAwsService.DYNAMODB,
};

const interfacesFor = ({ announcements, monitoring, secretsPrefix }: Environment) => ({
  SqsEndpoint: InterfaceVpcEndpointAwsService.SQS,
  ...(announcements !== "none" && { EventsEndpoint: InterfaceVpcEndpointAwsService.EVENTBRIDGE }),
  ...(monitoring && { MonitoringEndpoint: InterfaceVpcEndpointAwsService.CLOUDWATCH }),
  ...(secretsPrefix !== undefined && { SecretsEndpoint: InterfaceVpcEndpointAwsService.SECRETS_MANAGER }),
});
