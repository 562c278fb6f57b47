import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import { tagList } from "../tags.ts";
import type { Resource } from "../template.ts";

/** A group without ingress: nothing connects to a job. Out goes whatever the VPC's routes allow, because tasks load what they need from anywhere. */
export function securityGroup(settings: ProvisionSettings, vpcId: string): Resource {
  const all = { IpProtocol: "-1", Description: "Whatever tasks ask for" };
  return {
    Type: "AWS::EC2::SecurityGroup",
    Properties: {
      GroupDescription: `Machines and containers of scaler-aws-hpc ${settings.deployment}`,
      VpcId: vpcId,
      SecurityGroupIngress: [],
      SecurityGroupEgress: [
        { ...all, CidrIp: "0.0.0.0/0" },
        { ...all, CidrIpv6: "::/0" },
      ],
      Tags: tagList(settings),
    },
  };
}
