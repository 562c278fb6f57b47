import { AdapterError } from "@scaler-aws-hpc/adapter-core";
import { expect, it } from "vitest";
import type { RoleFacts } from "./account-port.ts";
import { spotRoleFindings } from "./spot-role.ts";

const there: RoleFacts = {
  arn: "arn:aws:iam::1:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot",
  trusted: [],
};
const denied = async (): Promise<never> => {
  throw new AdapterError("denied", "iam: not allowed; allow it");
};

const CASES: readonly (readonly [string, readonly string[], () => Promise<RoleFacts | undefined>, RegExp])[] = [
  ["no Spot", ["EC2", "FARGATE_SPOT"], denied, /^ok no Spot machines/],
  ["the role", ["SPOT", "EC2"], async () => there, /^ok AWSServiceRoleForEC2Spot is there/],
  [
    "no role",
    ["SPOT"],
    async () => undefined,
    /^warning .* does not exist.*create-service-linked-role --aws-service-name spot.amazonaws.com$/,
  ],
  ["no look", ["SPOT"], denied, /^warning could not be looked at: iam:GetRole is not allowed/],
];

it.each(CASES)("an account with %s is told of", async (_what, types, role, says) => {
  const found = await spotRoleFindings({ role }, types);
  const told = found.map(({ level, text, fix = "" }) => `${level} ${text} ${fix}`.trim());
  expect(told).toEqual([expect.stringMatching(says)]);
});
