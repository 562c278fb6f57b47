import type { EngineName } from "@scaler-aws-hpc/provision";
import type {} from "vitest";

/** What the container tests are given: an engine that runs, and images that are built. Made once, by `global-setup.ts`. */
export interface ContainerBed {
  /** `unix:///...` or `tcp://...`: what programs that speak Docker's protocol take as DOCKER_HOST. */
  readonly dockerHost: string;
  /** The command that builds, such as `podman`. */
  readonly engine: EngineName;
  /** What a process needs in its environment to use this engine, by command and by socket. */
  readonly env: Readonly<Record<string, string>>;
  /** Python of the runner's image, as `3.11`: that of the scheduler's and the client's. */
  readonly python: string;
  readonly images: {
    readonly runner: string;
    readonly nodeRunner: string;
    readonly manager: string;
    /** Also the base of the runner's, with pip: for images that a test builds. */
    readonly base: string;
    /** What the Node runner's is built on, and its packages with npm; nothing where they are the public ones. */
    readonly nodeBases: { readonly base?: string; readonly buildBase?: string };
  };
  /** Where {@link waitForLocalStack} looks: LocalStack's image takes longest, and most tests need none. */
  readonly localStackFile: string;
}

declare module "vitest" {
  interface ProvidedContext {
    /** `missing`: there is no engine, and why. `failed`: there is one, but what is needed could not be made with it. */
    containers: ContainerBed | { readonly missing: string } | { readonly failed: string };
  }
}
