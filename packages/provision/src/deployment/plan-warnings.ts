import { type AbortOptions, isAdapterError } from "@scaler-aws-hpc/adapter-core";
import { tooLargeJobs, unknownSizes } from "../plan/machine-sizes.ts";
import type { ProvisionSettings } from "../settings/provision-settings.ts";
import { baseTemplate } from "../templates/index.ts";
import type { Deployment } from "./deployment.ts";
import { heldNames, replacedBy } from "./held-names.ts";
import { nameConflicts } from "./name-conflicts.ts";

/** What warnings are about. */
interface Coming {
  readonly settings: ProvisionSettings;
  readonly image: { readonly uri: string | undefined };
  readonly nodeImage: { readonly uri: string | undefined } | undefined;
  /** Whether the compute stack changes. */
  readonly grows: boolean;
}

/** What is to be thought of before changes are made, a sentence for each. Only reads; what may not be looked at is not spoken of. */
export async function planWarnings(
  deployment: Deployment,
  { settings, image, nodeImage, grows }: Coming,
  options: AbortOptions,
): Promise<readonly string[]> {
  const { account, held } = deployment;
  const replaced = replacedBy(held, settings).map(({ type, name }) =>
    type === "AWS::S3::Bucket"
      ? `bucket ${name} is replaced by ${settings.bucket}: it stays with all that is in it, and \`destroy\` names it and does not take it; a \`start\` that runs still uses it, and its jobs will not be allowed to: stop it first`
      : `repository ${name} is replaced by ${settings.repository}: it stays with its images, and \`destroy\` names it and does not take it`,
  );
  const old = held.repository !== undefined && held.repository !== settings.repository ? held.repository : undefined;
  const uses = [image, nodeImage].some((one) => old !== undefined && one?.uri?.includes(`/${old}@`) === true);
  const kept = uses
    ? [`jobs go on with an image in ${old}; --image auto (or --node-image auto) makes one in ${settings.repository}`]
    : [];
  const keys = heldNames(baseTemplate(settings)).keys;
  const moved =
    held.bucket === settings.bucket && held.keys !== undefined && held.keys !== keys
      ? [
          `objects below ${held.keys} are not removed by themselves any more, and jobs of a \`start\` that runs may not reach them: stop it first, then remove them`,
        ]
      : [];
  const conflicts = await unlessRefused(async () => await nameConflicts(deployment, settings, options));
  const findings = grows ? await unlessRefused(async () => await account.preconditions(settings, options)) : [];
  return [
    ...conflicts.map((text) => `${text}; \`apply\` refuses it`),
    ...replaced,
    ...kept,
    ...moved,
    ...unknownSizes(settings),
    ...tooLargeJobs(settings),
    ...findings.flatMap(({ level, text, fix }) => (level === "ok" ? [] : [`${text}; ${fix}`])),
  ];
}

async function unlessRefused<T>(look: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await look();
  } catch (reason) {
    if (isAdapterError(reason) && reason.code === "denied") return [];
    throw reason;
  }
}
