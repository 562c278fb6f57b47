import type { Subnet } from "@aws-sdk/client-ec2";
import { type AbortOptions, AdapterError } from "@scaler-aws-hpc/adapter-core";
import { fromAws } from "../aws/aws-failure.ts";
import { clientOptions, sending } from "../aws/sdk-options.ts";

/** Where machines start. */
export interface Network {
  readonly vpcId: string;
  /** Sorted, so that two runs never differ. */
  readonly subnets: readonly string[];
}

/** What the user said of it. */
export interface NetworkChoice {
  readonly vpcId?: string | undefined;
  readonly subnets?: readonly string[] | undefined;
}

/**
 * The subnets that the user names, with the VPC that they are in; else those of the VPC that he names; else those of the default VPC that AWS
 * made, one for each zone.
 *
 * @throws {AdapterError} `config` when there is no such VPC or subnet, or they do not belong together; `denied`, `unavailable`
 */
export async function findNetwork(region: string, choice: NetworkChoice, options: AbortOptions = {}): Promise<Network> {
  const { vpcId: wanted, subnets: named = [] } = choice;
  const { EC2Client, DescribeSubnetsCommand, DescribeVpcsCommand } = await import("@aws-sdk/client-ec2");
  const client = new EC2Client(clientOptions(region));
  const ask = async <T>(action: string, send: () => Promise<T>): Promise<T> => {
    try {
      return await send();
    } catch (reason) {
      if (reason instanceof Error && /^Invalid(?:Subnet|Vpc)I[Dd]\b/.test(reason.name)) {
        const text = `--subnets, --vpc: expected what exists in ${region}, got: ${reason.message}`;
        throw new AdapterError("config", text, { cause: reason });
      }
      throw fromAws(reason, action, "looking for subnets", options.signal);
    }
  };
  try {
    if (named.length > 0) {
      const command = new DescribeSubnetsCommand({ SubnetIds: [...named] });
      const send = () => client.send(command, sending(options.signal));
      return inOneVpc((await ask("ec2:DescribeSubnets", send)).Subnets ?? [], named, wanted);
    }
    let vpcId = wanted;
    if (vpcId === undefined) {
      const command = new DescribeVpcsCommand({ Filters: [{ Name: "is-default", Values: ["true"] }] });
      const found = await ask("ec2:DescribeVpcs", () => client.send(command, sending(options.signal)));
      vpcId = found.Vpcs?.[0]?.VpcId;
      if (vpcId === undefined) {
        const text = `expected a default VPC in ${region}, got none; name subnets with --subnets, or make one with \`aws ec2 create-default-vpc\``;
        throw new AdapterError("config", text);
      }
    }
    const filters = [
      { Name: "vpc-id", Values: [vpcId] },
      // Others of the default VPC were made by somebody, perhaps without a way out.
      ...(wanted === undefined ? [{ Name: "default-for-az", Values: ["true"] }] : []),
    ];
    const command = new DescribeSubnetsCommand({ Filters: filters });
    const { Subnets = [] } = await ask("ec2:DescribeSubnets", () => client.send(command, sending(options.signal)));
    const subnets = idsOf(Subnets);
    if (subnets.length === 0) {
      throw new AdapterError("config", `expected subnets in ${vpcId}, got none; name some with --subnets`);
    }
    return { vpcId, subnets };
  } finally {
    client.destroy();
  }
}

function inOneVpc(found: readonly Subnet[], named: readonly string[], wanted: string | undefined): Network {
  const vpcs = [...new Set(found.map(({ VpcId }) => VpcId ?? ""))];
  const [vpcId = ""] = vpcs;
  if (vpcs.length === 1 && vpcId !== "" && wanted !== undefined && wanted !== vpcId) {
    const text = `--vpc: expected that of the subnets, ${vpcId}, got ${wanted}; say one of --vpc and --subnets, or --vpc= to drop it`;
    throw new AdapterError("config", text);
  }
  if (vpcs.length === 1 && vpcId !== "") return { vpcId, subnets: named.toSorted() };
  const got = vpcs.length === 0 ? "none that exists" : vpcs.join(", ");
  throw new AdapterError("config", `--subnets: expected subnets of one VPC, got ${got}`);
}

const idsOf = (subnets: readonly Subnet[]): readonly string[] =>
  subnets.flatMap(({ SubnetId }) => (SubnetId === undefined ? [] : [SubnetId])).toSorted();
