import type {
  Backend,
  BackendFactory,
  HostServices,
  JobKeeper,
  Log,
  PayloadStore,
  PayloadStoreFactory,
  PluginRegistry,
  ProfileSpec,
  RunnerCommandOptions,
  RunnerRecord,
} from "@scaler-aws-hpc/adapter-core";
import { systemClock } from "@scaler-aws-hpc/adapter-core";
import { CliError } from "../cli-error.ts";
import { identityOf, optionsOf, requireOptions } from "../options/plugin-options.ts";
import { checkProfileSettings } from "../options/profiles.ts";
import type { StartOptions } from "../options/start-options.ts";
import { deriveManagerId, deriveWorkerManagerId } from "./manager-id.ts";

/** Slots where neither the user nor the backend says how many, as in the Python manager. */
const DEFAULT_SLOTS = 100;

/** A backend, its store, and the names that a manager has there: what `start` and `orphans` have in common. */
export interface Deployment {
  readonly backend: BackendFactory;
  readonly store: PayloadStoreFactory;
  readonly resolved: StartOptions;
  readonly runners: readonly RunnerRecord[];
  /** The default profile first. */
  readonly profiles: readonly ProfileSpec[];
}

/**
 * Finds the plugins that the settings ask for, and checks what can be checked before anything is opened.
 * @throws {CliError | AdapterError} `config`
 */
export function findDeployment(
  resolved: StartOptions,
  registry: PluginRegistry,
  purpose: "run" | "keep" = "run",
): Deployment {
  const backend = findBackend(resolved, registry);
  const store = findStore(resolved, registry, backend);
  const { runners } = registry;
  if (runners.length === 0)
    throw new CliError("config", "no plugin contributes a runner; see `scaler-aws-hpc plugins`");
  requireOptions(purpose === "run" ? [backend, store] : [store], resolved);
  checkProfileSettings(resolved.profiles, backend);
  const named = resolved.options.get("max-concurrent-jobs")?.value;
  const slots = typeof named === "number" ? named : (backend.defaultSlots?.() ?? DEFAULT_SLOTS);
  const capabilities = resolved.options.get("per-worker-capabilities")?.value;
  const ahead = resolved.options.get("jobs-ahead")?.value;
  const plain: ProfileSpec = {
    name: "default",
    slots,
    ...(typeof ahead === "number" && { ahead }),
    capabilities: isCapabilities(capabilities) ? capabilities : {},
    settings: {},
  };
  const profiles = [plain, ...resolved.profiles];
  const eager = backend.queues === true ? undefined : profiles.find(({ ahead = 0 }) => ahead > 0);
  if (eager !== undefined)
    throw new CliError(
      "config",
      `--jobs-ahead of profile ${eager.name}: expected 0, got ${eager.ahead}: backend ${backend.name} runs at once what it is given; raise --max-concurrent-jobs instead`,
    );
  return { backend, store, resolved, runners, profiles };
}

/** The backend that the settings ask for. @throws {AdapterError} `config` */
export const findBackend = (resolved: StartOptions, registry: PluginRegistry): BackendFactory =>
  registry.backend(textOf(resolved, "backend") ?? "batch");

/** The payload store that the settings ask for, else the backend's own. @throws {AdapterError} `config` */
export const findStore = (
  resolved: StartOptions,
  registry: PluginRegistry,
  backend: BackendFactory,
): PayloadStoreFactory => registry.payloadStore(textOf(resolved, "payload-store") ?? backend.defaultStore);

/** What the user chose for runners on this machine. */
export function runnerOptionsOf(resolved: StartOptions): RunnerCommandOptions {
  const interpreter = textOf(resolved, "python");
  const preload = textOf(resolved, "preload");
  return { ...(interpreter !== undefined && { interpreter }), ...(preload !== undefined && { preload }) };
}

/** The id that the scheduler knows the manager by: the user's, or one made of what identifies the deployment. @throws {CliError} `usage` */
export function workerManagerIdOf({ backend, store, resolved }: Deployment): string {
  const named = textOf(resolved, "worker-manager-id");
  if (named !== undefined) return named;
  const schedulerAddress = textOf(resolved, "scheduler-address");
  if (schedulerAddress === undefined)
    throw new CliError(
      "usage",
      "which manager? give the scheduler's address as to `start`, or --worker-manager-id, or --all",
    );
  const places = identityOf([store, backend], resolved);
  return deriveWorkerManagerId({ backend: backend.name, schedulerAddress, places });
}

/** The id under which the manager's keys and jobs are named. */
export const managerIdOf = ({ backend, store, resolved }: Deployment, workerManagerId: string): string =>
  deriveManagerId(backend.name, workerManagerId, identityOf([store], resolved));

/** Opens the payload store. @throws {AdapterError} `config`, `denied`, `unavailable` */
export function openStore({ store, resolved }: Deployment, log: Log, managerId: string): Promise<PayloadStore> {
  return store.open(optionsOf(store, resolved), hostOf(log, managerId));
}

/** Opens the backend upon an open store. @throws {AdapterError} `config`, `denied`, `unavailable` */
export function openBackend(
  { backend, resolved, profiles, runners }: Deployment,
  store: PayloadStore,
  log: Log,
  managerId: string,
): Promise<Backend> {
  return backend.open(optionsOf(backend, resolved), {
    ...hostOf(log, managerId),
    profiles,
    runners,
    runnerOptions: runnerOptionsOf(resolved),
    store: store.locator,
  });
}

/** Opens a keeper of the jobs that a manager left. @throws {CliError} `config` where there are none @throws {AdapterError} `config`, `denied`, `unavailable` */
export async function openKeeper(
  { backend, resolved, profiles }: Deployment,
  log: Log,
  managerId: string,
): Promise<JobKeeper> {
  if (backend.keep === undefined)
    throw new CliError("config", `the jobs of backend ${backend.name} end with their manager: there are no orphans`);
  return await backend.keep(optionsOf(backend, resolved), { ...hostOf(log, managerId), profiles });
}

const hostOf = (log: Log, managerId: string): HostServices => ({ clock: systemClock, log, managerId });

function textOf({ options }: StartOptions, name: string): string | undefined {
  const value = options.get(name)?.value;
  return typeof value === "string" ? value : undefined;
}

const isCapabilities = (value: unknown): value is Readonly<Record<string, number>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
