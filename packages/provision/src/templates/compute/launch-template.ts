import type { Resource } from "../template.ts";

/**
 * Run by root at every start of a machine, before the agent of ECS takes tasks. Containers of Batch's single-node jobs share the machine's network, so a hop limit does not keep
 * them from the credentials of the instance role; that only root may ask for them does, as no job of ours is root. What tasks have instead is the job role, at an address of
 * the agent's. Source: the Batch user guide on networking modes; the ECS developer guide on instance roles.
 */
const SCRIPT = `#!/bin/sh
iptables --insert OUTPUT 1 --destination 169.254.169.254/32 --match owner ! --uid-owner 0 --jump REJECT
iptables --insert FORWARD 1 --destination 169.254.169.254/32 --jump REJECT
`;

// Batch adds its own part, and takes nothing but this format.
const USER_DATA = [
  "MIME-Version: 1.0",
  'Content-Type: multipart/mixed; boundary="==SCALER-AWS-HPC=="',
  "",
  "--==SCALER-AWS-HPC==",
  'Content-Type: text/cloud-boothook; charset="us-ascii"',
  "",
  SCRIPT,
  "--==SCALER-AWS-HPC==--",
  "",
].join("\n");

/**
 * What machines are like, beside what Batch decides: metadata by IMDSv2 only and to root alone, an encrypted disk. A hop limit of 1 is enough, as the agent uses the machine's
 * network too. The disk has the size of its image's: one that is too small for an image does not start.
 */
export function launchTemplate(): Resource {
  return {
    Type: "AWS::EC2::LaunchTemplate",
    Properties: {
      LaunchTemplateData: {
        MetadataOptions: { HttpTokens: "required", HttpEndpoint: "enabled", HttpPutResponseHopLimit: 1 },
        BlockDeviceMappings: [
          { DeviceName: "/dev/xvda", Ebs: { Encrypted: true, VolumeType: "gp3", DeleteOnTermination: true } },
        ],
        UserData: Buffer.from(USER_DATA).toString("base64"),
      },
    },
  };
}
