import type { ObjectsPort, SchedulerPort } from "@scaler-aws-hpc/adapter-core";
import type { ClusterOptions } from "./cluster-options.ts";
import { openManagerConnection } from "./manager-connection.ts";
import { ClusterObjects } from "./objects.ts";
import { StorageSite } from "./storage-site.ts";
import { WorkerLink } from "./worker-link.ts";

/** A Scaler cluster as the engine's ports. Dispose of it after the engine. */
export interface Cluster extends AsyncDisposable {
  readonly scheduler: SchedulerPort;
  readonly objects: ObjectsPort;
}

/**
 * Puts the wire behind the engine's ports. Connects nothing yet: the engine does, when it opens.
 * @throws {ProtocolError} `address` when an address cannot be read
 */
export function connectCluster(options: ClusterOptions): Cluster {
  const site = new StorageSite({ address: options.objectStorageAddress, tls: options.tls, log: options.log });
  const objects = new ClusterObjects(site, options);
  return {
    scheduler: {
      open: (worker, handlers, more) => WorkerLink.open(worker, site, handlers, { ...options, ...more }),
      openManager: (handlers, more) => openManagerConnection(site, handlers, { ...options, ...more }),
    },
    objects,
    [Symbol.asyncDispose]: () => objects[Symbol.asyncDispose](),
  };
}
