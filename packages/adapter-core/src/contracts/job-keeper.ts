import type { AbortOptions } from "./abort-options.ts";
import type { LiveJob } from "./backend.ts";
import type { HostServices } from "./host.ts";
import type { ProfileSpec } from "./plugin.ts";

/**
 * Finds and ends the jobs of one manager, without being that manager: nothing is submitted and nothing is taken over, so it needs less than a backend does.
 * What only a submit needs may be missing, disabled or wrong: that is when jobs are left behind.
 */
export interface JobKeeper extends AsyncDisposable {
  /** Live jobs of the manager, whoever submitted them. @throws {AdapterError} `denied`, `unavailable` */
  list(options?: AbortOptions): Promise<readonly LiveJob[]>;
  /** Asks for the end of live jobs with all their children; those that are over are left alone. @throws {AdapterError} `denied`, `unavailable` */
  end(names: readonly string[], reason: string, options?: AbortOptions): Promise<void>;
}

/** What a keeper's factory gets besides {@link HostServices}, whose `managerId` says whose jobs. */
export interface KeeperHost extends HostServices {
  readonly profiles: readonly ProfileSpec[];
}
