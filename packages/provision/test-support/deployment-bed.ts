import { type Applied, applyDeployment } from "../src/deployment/apply-deployment.ts";
import type { Said } from "../src/deployment/choices.ts";
import { findDeployment } from "../src/deployment/deployment.ts";
import { type Destroyed, destroyDeployment, findDoomed } from "../src/deployment/destroy-deployment.ts";
import { makePlan, type Plan } from "../src/deployment/make-plan.ts";
import type { ImageChoice } from "../src/deployment/planned-image.ts";
import { FakeAccount, FakeImages } from "./fake-account.ts";

/** What nobody says of the images. */
export const NO_IMAGE: ImageChoice = {
  ...{ build: false, python: undefined, requirements: undefined, base: undefined },
  node: { build: false, program: process.execPath, packageFile: undefined },
};

const pause = async (_ms: number, options: { signal?: AbortSignal | undefined } = {}): Promise<void> => {
  options.signal?.throwIfAborted();
  await new Promise(setImmediate);
};

/** The deployment d1 in an account in memory, and what is done with it. */
export class DeploymentBed {
  account = new FakeAccount();
  readonly images = new FakeImages();
  readonly #watch = { pause, say: () => undefined, pollMs: 1 };

  async plan(choices: Said = {}, image: Partial<ImageChoice> = {}): Promise<Plan> {
    return await makePlan(await findDeployment(this.account, "d1"), choices, { ...NO_IMAGE, ...image }, this.images);
  }

  async apply(choices: Said = {}, image: Partial<ImageChoice> = {}, signal?: AbortSignal): Promise<Applied> {
    const deployment = await findDeployment(this.account, "d1");
    const options = signal === undefined ? {} : { signal };
    const waits = { ...options, wait: true };
    const planned = await makePlan(deployment, choices, { ...NO_IMAGE, ...image }, this.images, waits);
    return await applyDeployment(deployment, planned, { ...this.#watch, imageStep: this.images, wait: true }, options);
  }

  async destroy(choices: { readonly terminateJobs?: boolean } = {}): Promise<Destroyed> {
    const deployment = await findDeployment(this.account, "d1");
    const tools = { ...this.#watch, terminateJobs: false, wait: false, ...choices };
    return await destroyDeployment(deployment, await findDoomed(deployment), tools);
  }
}

/** What became of both stacks. */
export const actions = ({ base, compute }: Applied): readonly string[] => [base.action, compute.action];
