import type { Log, ObjectsPort, SchedulerPort } from "@scaler-aws-hpc/adapter-core";
import type { TlsOptions } from "@scaler-aws-hpc/scaler-protocol";
import { CliError } from "../cli-error.ts";
import type { StartSettings } from "./settings.ts";

/** A Scaler cluster as the engine needs it. */
export interface Cluster extends AsyncDisposable {
  readonly scheduler: SchedulerPort;
  readonly objects: ObjectsPort;
}

/** Makes the ports of the cluster that the settings name. Connects nothing yet. */
export async function openCluster(_settings: StartSettings, _tls: TlsOptions, _log: Log): Promise<Cluster> {
  throw new CliError("internal", "not wired up yet");
}
