import { type Check, fault, type Log, ok, systemClock } from "@scaler-aws-hpc/adapter-core";
import { identityOf } from "../options/plugin-options.ts";
import { livingManagers } from "../orphans/managers.ts";
import { type Deployment, managerIdOf, openStore, workerManagerIdOf } from "../start/deployment.ts";

/** As long as a next manager would wait, and the time to open the store. */
const LIMIT_MS = 40_000;

/**
 * Whether another manager lives under the id of these settings, as `start` would find out. A store of this process alone has none.
 * @param needs the checks of the store
 */
export function managerCheck(deployment: Deployment, log: Log, needs: readonly string[]): readonly Check[] {
  const { store, resolved } = deployment;
  if (identityOf([store], resolved).length === 0) return [];
  return [
    {
      id: "manager-id",
      group: "Manager",
      title: "manager id",
      needs: [...needs, "start-settings"],
      limitMs: LIMIT_MS,
      async run() {
        const workerManagerId = workerManagerIdOf(deployment);
        const managerId = managerIdOf(deployment, workerManagerId);
        await using open = await openStore(deployment, log, managerId);
        const living = await livingManagers(open, [managerId], systemClock);
        const lease = living.get(managerId);
        if (lease === undefined) return [ok(`${workerManagerId} (${managerId}) is held by nobody`)];
        return [
          fault(
            `${workerManagerId} (${managerId}) is held by ${lease.host}, process ${lease.pid}, which lives`,
            "stop that manager, or give this one another --worker-manager-id",
            "conflict",
          ),
        ];
      },
    },
  ];
}
