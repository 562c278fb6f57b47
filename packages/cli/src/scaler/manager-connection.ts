import { randomUUID } from "node:crypto";
import type { AbortOptions, ManagerHandlers, ManagerLink } from "@scaler-aws-hpc/adapter-core";
import { connect, decodeMessage, encodeMessage } from "@scaler-aws-hpc/scaler-protocol";
import type { ClusterOptions } from "./cluster-options.ts";
import type { StorageSite } from "./storage-site.ts";
import { isHostile, toAdapterError } from "./to-adapter-error.ts";
import { capabilityList, u32 } from "./worker-frames.ts";

// The same for the life of this process: a scheduler ignores another socket of a manager that it still knows.
const IDENTITY = `${process.pid}|worker_manager_aws_hpc|${randomUUID()}`;

/** Connects as the manager itself. @throws {AdapterError} as `SchedulerPort.openManager` */
export async function openManagerConnection(
  site: StorageSite,
  handlers: ManagerHandlers,
  options: ClusterOptions & AbortOptions,
): Promise<ManagerLink> {
  try {
    const connection = await connect(options.schedulerAddress, {
      identity: IDENTITY,
      onFrame: (frame) => {
        const magic = connection.magic ?? site.magic;
        if (magic === undefined) return;
        const message = decodeMessage(frame, magic);
        if (message.kind === "workerManagerHeartbeatEcho") handlers.echo();
        if (message.kind !== "workerManagerCommand") return;
        handlers.wishes(
          message.setDesiredTaskConcurrencyRequests.map(({ taskConcurrency, capabilities }) => ({
            taskConcurrency,
            capabilities: Object.fromEntries(capabilities.map(({ name, value }) => [name, value])),
          })),
        );
      },
      onClose: (reason) => handlers.down(reason?.message ?? "closed", isHostile(reason)),
      tls: options.tls,
      connectTimeoutMs: options.attemptTimeoutMs,
      signal: options.signal,
    });
    return {
      beat: ({ maxTaskConcurrency, capabilities, workerManagerId }) => {
        const magic = connection.magic ?? site.magic;
        // On ZeroMQ the number of this message is not known before the storage has greeted a worker.
        if (magic === undefined) return;
        connection.send(
          encodeMessage(
            {
              kind: "workerManagerHeartbeat",
              maxTaskConcurrency: u32(maxTaskConcurrency),
              capabilities: capabilityList(capabilities),
              workerManagerId,
            },
            magic,
          ),
        );
      },
      close: () => connection.destroy(),
    };
  } catch (reason) {
    throw toAdapterError(reason, `the scheduler at ${options.schedulerAddress}`, options.signal);
  }
}
