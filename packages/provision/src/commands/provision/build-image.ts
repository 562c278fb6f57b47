import { Flags } from "@oclif/core";
import { interruptible } from "../../command/interrupts.ts";
import { nodeRunnerFile } from "../../command/node-runner.ts";
import { ProvisionCommand, SCHEMA_VERSION } from "../../command/provision-command.ts";
import type { BuiltImage, ImageKind, PushedImage } from "../../images/index.ts";

/** What `provision build-image --json` prints. */
export interface BuildImageResult extends BuiltImage {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  /** Where it was pushed to, with `--repository`. */
  readonly pushed?: PushedImage;
}

export default class BuildImage extends ProvisionCommand {
  static override summary = "Build the image of the jobs, with the packages of your tasks.";
  static override description =
    "The image has the Python runner, cloudpickle, tblib and what --requirements names; it runs as no root, with a read-only file system and without capabilities. With --node it has the Node runner instead, for JavaScript tasks, and what --node-packages names. Python and cloudpickle should be those of your clients. With --repository it is pushed to ECR, under a tag made of its content.";
  // oclif's own draws each flag that excludes others with all of those.
  static override usage = "<%= command.id %> [--node | --manager] [FLAGS]";
  static override examples = [
    "<%= config.bin %> <%= command.id %> --python 3.12 --requirements requirements.txt --tag my-tasks:1",
    "<%= config.bin %> <%= command.id %> --node --node-packages package.json --tag my-node-tasks:1",
    "<%= config.bin %> <%= command.id %> --tag my-tasks:1 --repository 123456789012.dkr.ecr.eu-west-1.amazonaws.com/my-tasks",
  ];
  static override flags = {
    tag: Flags.string({ summary: "Name and tag on this machine.", default: "scaler-aws-hpc-tasks:local" }),
    requirements: Flags.string({ summary: "Requirements file of pip: what your tasks import.", helpValue: "FILE" }),
    python: Flags.string({
      summary: "Python of the image, 3.9 to 3.13; with --base, what that image must have. [default: 3.12]",
      helpValue: "VERSION",
    }),
    base: Flags.string({
      summary:
        "Image to build on, with Python 3.9 or newer (none with --node), instead of the pinned one of Docker Hub.",
      helpValue: "IMAGE",
    }),
    "build-base": Flags.string({
      summary:
        "Image to install packages in, with the same Python (or Node and npm) and compilers, when a package has no wheel.",
      helpValue: "IMAGE",
    }),
    node: Flags.boolean({
      summary: "Build the image of JavaScript tasks instead.",
      exclusive: ["manager", "python", "requirements"],
    }),
    "node-packages": Flags.string({
      summary: "package.json with what tasks name as external; a package-lock.json beside it is kept to.",
      helpValue: "FILE",
      dependsOn: ["node"],
    }),
    manager: Flags.boolean({
      summary: "Build the image of the manager instead, which runs `start`.",
      exclusive: ["node", "python", "requirements"],
    }),
    architecture: Flags.option({
      summary: "Processors that it is for. [default: this machine's]",
      options: ["x86_64", "arm64"] as const,
    })(),
    engine: Flags.option({
      summary: "What builds. [default: the first that works]",
      options: ["docker", "podman", "finch"] as const,
    })(),
    network: Flags.string({ summary: "Network of the build, such as host.", helpValue: "NAME" }),
    repository: Flags.string({ summary: "Push to this ECR repository, given without a tag.", helpValue: "URI" }),
    "repository-tag": Flags.string({
      summary: "Tag in the repository. [default: made of the image's content]",
      dependsOn: ["repository"],
    }),
    quiet: Flags.boolean({ summary: "Say nothing of the progress, not even what the engine says." }),
  };

  async run(): Promise<BuildImageResult> {
    const { flags } = await this.parse(BuildImage);
    const { buildImage, checkPush, pushImage } = await import("../../images/index.ts");
    // Progress is for people: stdout is for the result.
    const output = flags.quiet ? {} : { onOutput: (text: string): void => void process.stderr.write(text) };
    const { repository, tag, manager, node } = flags;
    const kind: ImageKind = manager ? "manager" : node ? "runner-node" : "runner-python";
    const chosen = {
      requirements: flags.requirements,
      python: flags.python,
      base: flags.base,
      buildBase: flags["build-base"],
      architecture: flags.architecture,
      engine: flags.engine,
      network: flags.network,
      runner: node ? nodeRunnerFile(this.config) : undefined,
      packageFile: flags["node-packages"],
      version: manager ? this.config.version : undefined,
    };
    const last = (): string => "run the same command to go on";
    return await interruptible(async (signal) => {
      const repositoryTag = given({ tag: flags["repository-tag"] });
      if (repository !== undefined) await checkPush({ repository, ...repositoryTag }, { signal });
      const built = await buildImage({ kind, tag, ...output, ...given(chosen) }, { signal });
      this.log(`${built.image} ${built.id}`);
      if (repository === undefined) return { schemaVersion: SCHEMA_VERSION, ...built };
      const where = { repository, image: built.image, engine: built.engine };
      const pushed = await pushImage({ ...where, ...output, ...repositoryTag }, { signal });
      this.log(`${pushed.uri}${pushed.pushed ? "" : " (was there already)"}`);
      return { schemaVersion: SCHEMA_VERSION, ...built, pushed };
    }, last);
  }
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what was not said: that has its default elsewhere. */
function given<T extends object>(options: T): Given<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<T>;
}
