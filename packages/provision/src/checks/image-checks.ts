import { type AbortOptions, type Check, type Finding, warning } from "@scaler-aws-hpc/adapter-core";
import type { ImageFacts } from "./account-port.ts";
import { architecturesOf, type DefinitionParts } from "./deployed.ts";
import { imageFindings, pythonFinding } from "./image-findings.ts";
import { imageReference } from "./image-reference.ts";
import { localPython } from "./local-python.ts";
import { unlessDenied } from "./role-findings.ts";

const GROUP = "Image";

/** The image of a definition: whether it is there, fits the machines, starts a runner, and has the clients' Python. */
export function imageChecks(parts: DefinitionParts): readonly Check[] {
  const { name, id, needs, deployed, environments, host } = parts;
  let looked: Promise<Looked> | undefined;
  const look = (options: AbortOptions): Promise<Looked> => {
    looked ??= lookAt(parts, options);
    return looked;
  };
  return [
    {
      id: id("ecr-image"),
      group: GROUP,
      title: `image of ${name}`,
      needs,
      limitMs: 30_000,
      async run(options) {
        const found = await look(options);
        if ("warning" in found) return [found.warning];
        const definition = await deployed.definition(name);
        const machines = await unlessDenied("batch:DescribeComputeEnvironments", async () => ({
          architectures: architecturesOf(await environments(), definition),
        }));
        if (!("warning" in machines)) return imageFindings(found.image, found.platforms, machines.architectures);
        return [...imageFindings(found.image, found.platforms, []), machines.warning];
      },
    },
    {
      id: id("image-python"),
      group: GROUP,
      title: `Python of ${name}`,
      needs: [...needs, id("ecr-image")],
      async run(options) {
        const found = await look(options);
        return [
          pythonFinding(
            "platforms" in found ? (found.platforms ?? []) : [],
            await localPython(host.runnerOptions, options),
          ),
        ];
      },
    },
  ];
}

type Looked =
  | { readonly image: string; readonly platforms: readonly ImageFacts[] | undefined }
  | { readonly warning: Finding };

async function lookAt({ name, deployed, account }: DefinitionParts, options: AbortOptions): Promise<Looked> {
  const { containerProperties } = await deployed.definition(name);
  const image = containerProperties?.image ?? "";
  const reference = imageReference(image);
  if (reference === undefined) {
    const text = `${image || "none"} is not in ECR, so it could not be looked at`;
    return {
      warning: warning(text, "see that it has the runner, the machines' architecture, and that they may pull it"),
    };
  }
  return await unlessDenied("ecr:BatchGetImage and ecr:GetDownloadUrlForLayer", async () => ({
    image,
    platforms: await (await account()).image(reference, options),
  }));
}
