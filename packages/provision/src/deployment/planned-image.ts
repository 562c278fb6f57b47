import { type AbortOptions, AdapterError } from "@scaler-aws-hpc/adapter-core";
import { assertRunner } from "../images/build-context.ts";
import type { ProvisionSettings } from "../settings/provision-settings.ts";
import { stackState } from "../stacks/stack-state.ts";
import type { Choices, Said } from "./choices.ts";
import type { Deployment, Wanted } from "./deployment.ts";
import type { ImageOrder, ImageStep, NodeImageOrder, PythonImageOrder } from "./image-step.ts";

/** What the user says of the images; nothing keeps those in use. */
export interface ImageChoice extends Pick<PythonImageOrder, "python" | "requirements" | "base"> {
  /** Build the image of this version even when another one is in use. */
  readonly build: boolean;
  /** Of JavaScript tasks. */
  readonly node: Pick<NodeImageOrder, "program" | "packageFile"> & { readonly build: boolean };
}

/** An image that jobs run, and what has to be done for it. */
export interface PlannedImage<Order extends ImageOrder> {
  /** By digest; `undefined` until it is built. */
  readonly uri: string | undefined;
  readonly action: "use" | "build";
  readonly order: Order;
}

/** With the images that jobs are to run; that of JavaScript tasks only where they are asked for. */
export const withImages = <T extends Pick<Choices, "image" | "node">>(
  choices: T,
  image: string,
  nodeImage: string | undefined,
): T => ({ ...choices, image, ...(choices.node && { node: { image: nodeImage } }) });

/** What is ordered, and whether the user asked for it, whatever is in use. */
interface Asked<Order extends ImageOrder> {
  readonly order: Order;
  readonly asked: boolean;
}

/** The image that jobs run. */
export function pythonOrder({ settings, repositoryUri }: Wanted, choice: ImageChoice): Asked<PythonImageOrder> {
  const { build, python, requirements, base } = choice;
  const { architecture } = settings;
  return {
    order: { runner: "python", repository: repositoryUri, architecture, python, requirements, base },
    asked: build || [python, requirements, base].some((value) => value !== undefined),
  };
}

/** That of JavaScript tasks. */
export function nodeOrder({ settings, repositoryUri }: Wanted, { node }: ImageChoice): Asked<NodeImageOrder> {
  const { build, program, packageFile } = node;
  const { architecture } = settings;
  return {
    order: { runner: "node", repository: repositoryUri, architecture, program, packageFile },
    asked: build || packageFile !== undefined,
  };
}

/**
 * Finds out where an image comes from. Only reads.
 * @throws {AdapterError} `config` without the Node runner
 */
export async function plannedImage<Order extends ImageOrder>(
  deployment: Deployment,
  inUse: string | undefined,
  { order, asked }: Asked<Order>,
  step: ImageStep,
  options: AbortOptions,
): Promise<PlannedImage<Order>> {
  if (inUse !== undefined && !asked) return { uri: inUse, action: "use", order };
  // Told before anything is made.
  if (order.runner === "node") assertRunner(order.program);
  // Before the base stack is made there is no repository that could hold it.
  const there = deployment.base !== undefined && stackState(deployment.base.status) === "ready";
  const uri = there ? await step.find(order, options) : undefined;
  return { uri, action: uri === undefined ? "build" : "use", order };
}

/**
 * Refuses to go on with images of another architecture than the machines will have: what they were built with is not known any more, so the user says it again.
 * @throws {AdapterError} `config`
 */
export function assertImagesFit(
  { imagesFor, remembered }: Deployment,
  { architecture, node }: Pick<ProvisionSettings, "architecture" | "node">,
  now: Said,
  choice: ImageChoice,
): void {
  if (imagesFor === undefined || imagesFor === architecture) return;
  const { build, python, requirements, base } = choice;
  const said = build || [python, requirements, base, now.image].some((value) => value !== undefined && value !== null);
  const expected = `expected images for ${architecture}, got those in use, which are for ${imagesFor}`;
  const next = "--image auto with your --python and --requirements, or --image URI";
  if (!said) throw new AdapterError("config", `--architecture: ${expected}; say also ${next}`);
  const nodeSaid = choice.node.build || choice.node.packageFile !== undefined || typeof now.node?.image === "string";
  if (node === undefined || remembered.node?.image === undefined || nodeSaid) return;
  const text = `--architecture: ${expected}; say also --node-image auto with your --node-packages, or --node-image URI, or --no-node`;
  throw new AdapterError("config", text);
}

/** For a person. */
export const imageText = ({ action, uri, order }: PlannedImage<ImageOrder>): string =>
  action === "build" ? `built and pushed to ${order.repository}` : `${uri}`;
