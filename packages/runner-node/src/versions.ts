/** Version of this runner, as frames and the log name it. */
export const RUNNER_VERSION = "1.0";

/** The runner protocol that it speaks; see docs/runner-protocol.md. */
export const PROTOCOL = 1;

/** What runs the tasks, such as `node 24.11.0`. */
export const LANGUAGE: string = `node ${process.versions.node}`;
