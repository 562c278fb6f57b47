import { Command, Flags } from "@oclif/core";
import {
  type BuiltImage,
  buildImage,
  ENGINES,
  type ImageKind,
  type PushedImage,
  PYTHON_BASES,
  pushImage,
} from "../../images/index.ts";
import { untilSignal } from "../../images/until-signal.ts";

/** What `provision build-image --json` prints. */
export interface BuildImageResult extends BuiltImage {
  readonly schemaVersion: 1;
  /** Where it was pushed to, with `--repository`. */
  readonly pushed?: PushedImage;
}

const VERSIONS = Object.keys(PYTHON_BASES);

export default class BuildImage extends Command {
  static override enableJsonFlag = true;
  static override summary = "Build the image of the jobs, with the packages of your tasks.";
  static override description =
    "The image has the Python runner, cloudpickle, tblib and what --requirements names; it runs as no root, with a read-only file system and without capabilities. Python and cloudpickle should be those of your clients. With --repository it is pushed to ECR, under a tag made of its content.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> --python 3.12 --requirements requirements.txt --tag my-tasks:1",
    "<%= config.bin %> <%= command.id %> --tag my-tasks:1 --repository 123456789012.dkr.ecr.eu-west-1.amazonaws.com/my-tasks",
  ];
  static override flags = {
    tag: Flags.string({ summary: "Name and tag on this machine.", default: "scaler-aws-hpc-tasks:local" }),
    requirements: Flags.string({ summary: "Requirements file of pip: what your tasks import.", helpValue: "FILE" }),
    python: Flags.string({
      summary: `Python of the image: ${VERSIONS.join(", ")}; with --base, what that image must have. [default: 3.12]`,
    }),
    base: Flags.string({
      summary: "Image to build on, with Python 3.9 or newer, instead of the pinned one of Docker Hub.",
      helpValue: "IMAGE",
    }),
    "build-base": Flags.string({
      summary: "Image to install packages in, with the same Python and compilers, when a package has no wheel.",
      helpValue: "IMAGE",
    }),
    manager: Flags.boolean({ summary: "Build the image of the manager instead, which runs `start`.", default: false }),
    architecture: Flags.option({
      summary: "Processors that it is for. [default: this machine's]",
      options: ["x86_64", "arm64"] as const,
    })(),
    engine: Flags.option({ summary: "What builds. [default: the first that works]", options: ENGINES })(),
    network: Flags.string({ summary: "Network of the build, such as host." }),
    repository: Flags.string({ summary: "Push to this ECR repository, given without a tag.", helpValue: "URI" }),
    "repository-tag": Flags.string({
      summary: "Tag in the repository. [default: made of the image's content]",
      dependsOn: ["repository"],
    }),
  };

  async run(): Promise<BuildImageResult> {
    const { flags } = await this.parse(BuildImage);
    return await untilSignal(async (signal) => {
      // Progress is for people: stdout is for the result.
      const onOutput = (text: string): void => void process.stderr.write(text);
      const { repository, tag, manager, network } = flags;
      const kind: ImageKind = manager ? "manager" : "runner-python";
      const chosen = {
        requirements: flags.requirements,
        python: flags.python,
        base: flags.base,
        buildBase: flags["build-base"],
        architecture: flags.architecture,
        engine: flags.engine,
        network,
        version: manager ? this.config.version : undefined,
      };
      const built = await buildImage({ kind, tag, onOutput, ...given(chosen) }, { signal });
      this.log(`${built.image} ${built.id}`);
      if (repository === undefined) return { schemaVersion: 1, ...built };
      const where = { repository, image: built.image, engine: built.engine, onOutput };
      const pushed = await pushImage({ ...where, ...given({ tag: flags["repository-tag"] }) }, { signal });
      this.log(`${pushed.uri}${pushed.pushed ? "" : " (was there already)"}`);
      return { schemaVersion: 1, ...built, pushed };
    });
  }
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what was not said: that has its default elsewhere. */
function given<T extends object>(options: T): Given<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<T>;
}
