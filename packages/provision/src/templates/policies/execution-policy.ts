import type { ProvisionSettings } from "../../settings/provision-settings.ts";
import { regionalArn } from "../arns.ts";
import { resourceNames } from "../resource-names.ts";
import { allow, type PolicyDocument, policy } from "./policy-document.ts";

const ECR_IMAGE = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/([a-z0-9._/-]+)/;

/**
 * What ECS does for a job before and beside its code, which never sees this role: pull the image and write the log. Narrower than AmazonECSTaskExecutionRolePolicy,
 * which reads every repository and writes every log group of the account.
 */
export function executionPolicy(settings: ProvisionSettings): PolicyDocument {
  const streams = `log-group:${resourceNames(settings).logGroup}:log-stream:*`;
  const pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
  return policy(
    allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
    allow("PullImage", pull, repositories(settings)),
    allow("WriteLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [regionalArn(settings, "logs", streams)]),
  );
}

/** Our repository, and those of ECR that the settings name an image of: a user may bring one. */
function repositories(settings: ProvisionSettings): readonly string[] {
  const images = [settings.image, settings.gpu?.image, settings.node?.image];
  const foreign = images.flatMap((image) => {
    const [, accountId, region, name] = ECR_IMAGE.exec(image ?? "") ?? [];
    if (accountId === undefined || region === undefined || name === undefined) return [];
    return [regionalArn({ partition: settings.partition, region, accountId }, "ecr", `repository/${name}`)];
  });
  const own = regionalArn(settings, "ecr", `repository/${settings.repository}`);
  return [own, ...[...new Set(foreign)].filter((arn) => arn !== own).toSorted()];
}
