import { type Check, fault, ok, warning } from "@scaler-aws-hpc/adapter-core";
import type { LoadedPlugins } from "../plugins/load-plugins.ts";

const GROUP = "Program";

/** Oldest Node that the packages, and the AWS SDK, support. */
const OLDEST_NODE: readonly [number, number] = [22, 13];

/** The Node that runs this, and the plugins that were found. */
export function programChecks(nodeVersion: string, { registry, broken }: LoadedPlugins): readonly Check[] {
  return [
    { id: "node", group: GROUP, title: "Node", run: async () => [nodeFinding(nodeVersion)] },
    {
      id: "plugins",
      group: GROUP,
      title: "plugins",
      async run() {
        const loaded = ok(registry.plugins.map((plugin) => `${plugin.package} ${plugin.version}`).join(", ") || "none");
        return [
          loaded,
          ...broken.map((plugin) =>
            warning(
              `${plugin.package} ${plugin.version} (${plugin.origin}) is not loaded: ${plugin.reason}`,
              "install it again, or uninstall it; see `scaler-aws-hpc plugins`",
            ),
          ),
        ];
      },
    },
  ];
}

function nodeFinding(version: string) {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  const need = OLDEST_NODE.join(".");
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    return fault(`${version} is older than ${need}`, `install Node ${need} or newer`);
  }
  if (major % 2 === 1) return warning(`${version} is no long-term release`, "use an even major, such as 24");
  return ok(`${version}, which the AWS SDK supports`);
}
