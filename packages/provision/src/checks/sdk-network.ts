import type { RouteTable, Subnet, VpcEndpoint } from "@aws-sdk/client-ec2";
import type { AbortOptions } from "@scaler-aws-hpc/adapter-core";
import { fromAws } from "../aws/aws-failure.ts";
import { clientOptions, sending } from "../aws/sdk-options.ts";
import type { NetworkFacts } from "./network-findings.ts";

/** Asks EC2 how subnets lead outside. Its client is the largest of all: loaded when this runs. */
export async function lookAtNetwork(
  region: string,
  subnetIds: readonly string[],
  groupIds: readonly string[],
  options?: AbortOptions,
): Promise<NetworkFacts> {
  const sdk = await import("@aws-sdk/client-ec2");
  const client = new sdk.EC2Client(clientOptions(region));
  const call = async <T>(action: string, send: () => Promise<T>): Promise<T> => {
    try {
      return await send();
    } catch (reason) {
      throw fromAws(reason, action, `network of ${subnetIds.join(", ")}`, options?.signal);
    }
  };
  const more = sending(options?.signal);
  try {
    const { Subnets = [] } = await call("ec2:DescribeSubnets", () =>
      client.send(new sdk.DescribeSubnetsCommand({ SubnetIds: [...subnetIds] }), more),
    );
    const vpcs = [...new Set(Subnets.flatMap(({ VpcId }) => VpcId ?? []))];
    const Filters = [{ Name: "vpc-id", Values: vpcs }];
    const [{ RouteTables = [] }, { VpcEndpoints = [] }, groups] = await Promise.all([
      call("ec2:DescribeRouteTables", () => client.send(new sdk.DescribeRouteTablesCommand({ Filters }), more)),
      call("ec2:DescribeVpcEndpoints", () => client.send(new sdk.DescribeVpcEndpointsCommand({ Filters }), more)),
      groupIds.length === 0
        ? { SecurityGroups: [] }
        : call("ec2:DescribeSecurityGroups", () =>
            client.send(new sdk.DescribeSecurityGroupsCommand({ GroupIds: [...groupIds] }), more),
          ),
    ]);
    return {
      subnets: Subnets.map(subnetFacts),
      tables: RouteTables.map(tableFacts),
      endpoints: VpcEndpoints.filter(({ State }) => `${State}`.toLowerCase() === "available").map(endpointFacts),
      groups: (groups.SecurityGroups ?? []).map(({ GroupId = "", IpPermissionsEgress = [] }) => ({
        id: GroupId,
        letsOut: IpPermissionsEgress.length > 0,
      })),
    };
  } finally {
    client.destroy();
  }
}

const subnetFacts = ({ SubnetId = "", VpcId = "", MapPublicIpOnLaunch = false }: Subnet) => ({
  id: SubnetId,
  vpc: VpcId,
  publicAddress: MapPublicIpOnLaunch,
});

function tableFacts({ RouteTableId = "", VpcId = "", Associations = [], Routes = [] }: RouteTable) {
  const everywhere = Routes.find(
    ({ DestinationCidrBlock, State }) => DestinationCidrBlock === "0.0.0.0/0" && State !== "blackhole",
  );
  const outward =
    everywhere?.NatGatewayId ??
    everywhere?.GatewayId ??
    everywhere?.TransitGatewayId ??
    everywhere?.NetworkInterfaceId ??
    everywhere?.InstanceId;
  return {
    id: RouteTableId,
    vpc: VpcId,
    main: Associations.some(({ Main }) => Main === true),
    subnets: Associations.flatMap(({ SubnetId }) => SubnetId ?? []),
    ...(outward !== undefined && { outward }),
  };
}

function endpointFacts({ VpcId = "", ServiceName = "", VpcEndpointType, RouteTableIds = [] }: VpcEndpoint) {
  return {
    vpc: VpcId,
    // com.amazonaws.REGION.ecr.api, in China with a `cn.` in front.
    service: ServiceName.replace(/^(?:cn\.)?com\.amazonaws\.[a-z0-9-]+\./, ""),
    tables: VpcEndpointType === "Interface" ? ("all" as const) : RouteTableIds,
  };
}
