import { type AbortOptions, type Check, type Finding, ok } from "@scaler-aws-hpc/adapter-core";
import type { CheckedAccount } from "./account-port.ts";
import { type Deployed, onFargate } from "./deployed.ts";
import { networkFindings } from "./network-findings.ts";
import { unlessDenied } from "./role-findings.ts";

/** What {@link networkCheck} is about. */
export interface NetworkCheckParts {
  readonly id: string;
  readonly queue: string;
  /** Whose jobs go to the queue. */
  readonly definitions: readonly string[];
  readonly needs: readonly string[];
  readonly deployed: Deployed;
  readonly account: () => Promise<CheckedAccount>;
}

/** Whether what starts in a queue's subnets reaches what it needs. */
export const networkCheck = (parts: NetworkCheckParts): Check => ({
  id: parts.id,
  group: "Network",
  title: `subnets of ${parts.queue}`,
  needs: parts.needs,
  limitMs: 30_000,
  async run(options) {
    const looked = await unlessDenied("batch:DescribeComputeEnvironments, or an ec2:Describe action,", async () => ({
      findings: await queueNetwork(parts, options),
    }));
    return "warning" in looked ? [looked.warning] : looked.findings;
  },
});

async function queueNetwork(
  { account, deployed, queue, definitions }: NetworkCheckParts,
  options: AbortOptions,
): Promise<readonly Finding[]> {
  const open = await account();
  // Environments behind each other are in the same subnets, mostly: what is so of both is said once.
  const findings = new Map<string, Finding>();
  for (const one of await deployed.environments([queue])) {
    const { subnets = [], securityGroupIds = [], launchTemplate } = one.computeResources ?? {};
    if (subnets.length === 0) continue;
    const facts = await open.network(subnets, securityGroupIds, options);
    const fargate = onFargate([one]);
    const onInstances = launchTemplate === undefined ? false : undefined;
    const assignsAddress = fargate ? await assigns(deployed, definitions) : onInstances;
    for (const finding of networkFindings(facts, { fargate, assignsAddress })) findings.set(finding.text, finding);
  }
  if (findings.size > 0) return [...findings.values()];
  return [ok("the compute environments name none: what they start is not managed by AWS Batch")];
}

/** On Fargate the definition says whether containers get a public address. */
async function assigns(deployed: Deployed, definitions: readonly string[]): Promise<boolean> {
  const found = await Promise.all(definitions.map((name) => deployed.definition(name)));
  return found.every(
    ({ containerProperties }) => containerProperties?.networkConfiguration?.assignPublicIp === "ENABLED",
  );
}
