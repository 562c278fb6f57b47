import { CreateRoleCommand, type IAMClient } from "@aws-sdk/client-iam";
import type { ProxiedAnswer, ProxiedCall } from "../doctor/aws-proxy.ts";

const ROLE = "AWSServiceRoleForEC2Spot";

/** moto calls the role of Spot after its service; this makes it under the name that AWS gives it. */
export async function makeLinkedRole(
  iam: IAMClient,
  { body }: ProxiedCall,
  forward: () => Promise<ProxiedAnswer>,
): Promise<ProxiedAnswer> {
  const answer = await forward();
  if (new URLSearchParams(body).get("AWSServiceName") !== "spot.amazonaws.com" || answer.status !== 200) return answer;
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "spot.amazonaws.com" }, Action: "sts:AssumeRole" }],
  });
  await iam.send(
    new CreateRoleCommand({ RoleName: ROLE, Path: "/aws-service-role/spot.amazonaws.com/", AssumeRolePolicyDocument }),
  );
  return { ...answer, body: answer.body.replaceAll("AWSServiceRoleForspot", ROLE) };
}
