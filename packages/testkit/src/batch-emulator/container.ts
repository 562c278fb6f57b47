/** What a container is started with. */
export interface ContainerSpec {
  readonly jobId: string;
  readonly jobName: string;
  readonly index: number | undefined;
  /** From 1. */
  readonly attempt: number;
  /** What follows the image's entry point. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** File that takes stdout and stderr. */
  readonly logFile: string;
}

/** A container that runs. */
export interface Container {
  /** Its first process; `undefined` where there is none. */
  readonly pid: number | undefined;
  /** Resolves to the exit code as Docker gives it: 128 and the number of the signal that ended it. Never rejects. */
  readonly ended: Promise<number>;
  /** SIGTERM goes to the first process, SIGKILL to every process of the container. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/** Something that runs containers. */
export interface ContainerHost extends AsyncDisposable {
  /** Rejects when the container cannot be started at all, as without its program. */
  start(spec: ContainerSpec): Promise<Container>;
}
