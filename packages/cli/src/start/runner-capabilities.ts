import type { Backend, ProfileSpec, RunnerRecord } from "@scaler-aws-hpc/adapter-core";

/** As Scaler writes a capability without a value. */
const PLAIN = -1;

/**
 * The profiles with the capabilities of the runners that the backend can start for them: so tasks of Node clients, which ask for `node`, come here under a
 * scheduler that goes by capabilities. What the user said of such a capability stays.
 */
export function withRunnerCapabilities(
  profiles: readonly ProfileSpec[],
  runners: readonly RunnerRecord[],
  backend: Pick<Backend, "refuses">,
): readonly ProfileSpec[] {
  return profiles.map((profile) => {
    const usable = runners.filter(({ name }) => backend.refuses?.(name, profile.name) === undefined);
    const added = usable.flatMap(({ capability }) => (capability === undefined ? [] : [[capability, PLAIN] as const]));
    return { ...profile, capabilities: { ...Object.fromEntries(added), ...profile.capabilities } };
  });
}
