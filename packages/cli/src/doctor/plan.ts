import {
  type Check,
  type CheckedDeployment,
  type CheckHost,
  checkChecks,
  type Finding,
  type Log,
  ok,
  type ProfileSpec,
  systemClock,
  warning,
} from "@scaler-aws-hpc/adapter-core";
import { optionsOf, requireOptions } from "../options/plugin-options.ts";
import { checkProfileSettings } from "../options/profiles.ts";
import type { StartOptions } from "../options/start-options.ts";
import type { LoadedPlugins } from "../plugins/load-plugins.ts";
import {
  findBackend,
  findDeployment,
  findStore,
  managerIdOf,
  runnerOptionsOf,
  workerManagerIdOf,
} from "../start/deployment.ts";
import { readSettings } from "../start/settings.ts";
import { attempt, attempted, knownCheck } from "./known-check.ts";
import { managerCheck } from "./manager-check.ts";
import { programChecks } from "./program-checks.ts";
import { schedulerChecks } from "./scheduler-checks.ts";

/** What a plan is made of. */
export interface PlanParts {
  readonly plugins: LoadedPlugins;
  /** Settings, or what is wrong with them: then nothing that needs them is in the plan. */
  readonly settings: StartOptions | readonly Finding[];
  readonly nodeVersion: string;
  readonly purpose: CheckHost["purpose"];
  readonly log: Log;
  readonly defer: CheckHost["defer"];
}

const GROUP = "Settings";

/** The default profile where settings are missing. */
const PLAIN: ProfileSpec = { name: "default", slots: 1, capabilities: {}, settings: {} };

/** A manager's name in checks where the settings give none. */
const NOBODY = "doctor";

/**
 * Every check for these settings, in a fixed order: the program's own, then those of the payload store, the backend, and the other plugins. What is wrong with
 * the settings of one of them keeps none of the others from being looked at.
 */
export async function planChecks(parts: PlanParts): Promise<readonly Check[]> {
  const { plugins, settings, nodeVersion } = parts;
  const checks = [...programChecks(nodeVersion, plugins)];
  if (!("options" in settings)) {
    checks.push(knownCheck({ id: "settings", group: GROUP, title: "settings" }, settings));
  } else {
    checks.push(settingsCheck(settings), ...(parts.purpose === "start" ? clusterChecks(settings) : []));
    checks.push(...(await deploymentChecks(parts, settings)));
  }
  return firstOfEach(checks);
}

function settingsCheck({ options, warnings }: StartOptions): Check {
  const origins = [...options.values()].flatMap(({ origin }) =>
    origin.kind === "default" ? [] : [origin.kind === "file" ? origin.path : origin.kind],
  );
  const from = [...new Set(origins)].join(", ") || "nowhere: all are defaults";
  return knownCheck({ id: "settings", group: GROUP, title: "settings" }, [
    ok(`read from ${from}`),
    ...warnings.map((text) => warning(text, "correct or remove it; see `config show --origin`")),
  ]);
}

/** The scheduler, where the settings say which. */
function clusterChecks(settings: StartOptions): readonly Check[] {
  const read = attempt(() => readSettings(settings));
  const start = { id: "start-settings", group: GROUP, title: "settings of `start`" };
  return read.ok
    ? [knownCheck(start, [ok("fit together")]), ...schedulerChecks(read.value)]
    : [knownCheck(start, read.findings)];
}

async function deploymentChecks(parts: PlanParts, settings: StartOptions): Promise<readonly Check[]> {
  const { plugins, purpose } = parts;
  const { registry } = plugins;
  const found = attempt(() => findBackend(settings, registry));
  if (!found.ok) return [told("backend", "backend", found.findings)];
  const backend = found.value;
  const stored = attempt(() => findStore(settings, registry, backend));
  if (!stored.ok) return [told("payload-store", "payload store", stored.findings)];
  const store = stored.value;
  const host = checkHost(parts, settings, store.name);
  const ofPlugins = await pluginChecks(parts, host, {
    backend: { name: backend.name, options: optionsOf(backend, settings) },
    store: { name: store.name, options: optionsOf(store, settings) },
  });
  if (purpose !== "start") return ofPlugins;
  const ofStore = await ownerChecks("payload-store", `payload store ${store.name}`, async () => {
    requireOptions([store], settings);
    return await store.checks?.(optionsOf(store, settings), host);
  });
  const ofBackend = await ownerChecks("backend", `backend ${backend.name}`, async () => {
    requireOptions([backend], settings);
    checkProfileSettings(settings.profiles, backend);
    return await backend.checks?.(optionsOf(backend, settings), host);
  });
  const deployment = attempt(() => findDeployment(settings, registry));
  const needs = ofStore.map(({ id }) => id);
  const ofManager = deployment.ok ? managerCheck(deployment.value, parts.log, needs) : [];
  return [...ofStore, ...ofBackend, ...ofPlugins, ...ofManager];
}

/** Whether a backend or store has all that it needs; then the checks that it brings. */
async function ownerChecks(
  id: string,
  title: string,
  make: () => Promise<readonly Check[] | undefined>,
): Promise<readonly Check[]> {
  const made = await attempted(async () => {
    const given = await make();
    return given === undefined ? undefined : checkChecks(given);
  });
  if (!made.ok) return [told(id, title, made.findings)];
  const complete = "its settings are complete";
  if (made.value === undefined) return [told(id, title, [ok(`${complete}; it brings no checks`)])];
  return [told(id, title, [ok(complete)]), ...made.value];
}

/** What plugins bring beside backends and stores. */
async function pluginChecks(
  { plugins }: PlanParts,
  host: CheckHost,
  deployment: CheckedDeployment,
): Promise<readonly Check[]> {
  const lists = plugins.registry.plugins.map(async ({ plugin, package: name }) => {
    if (plugin.checks === undefined) return [];
    const made = await attempted(async () => checkChecks(await plugin.checks?.(deployment, host)));
    return made.ok ? made.value : [told(`plugin:${name}`, `plugin ${name}`, made.findings)];
  });
  return (await Promise.all(lists)).flat();
}

function checkHost({ plugins, purpose, log, defer }: PlanParts, settings: StartOptions, storeName: string): CheckHost {
  const { registry } = plugins;
  const { value: deployment } = attempt(() => findDeployment(settings, registry));
  const named = attempt(() => deployment && managerIdOf(deployment, workerManagerIdOf(deployment)));
  const managerId = named.value ?? NOBODY;
  const profiles = deployment?.profiles ?? [PLAIN, ...settings.profiles];
  const { runners } = registry;
  return {
    ...{ clock: systemClock, log, managerId, purpose, defer, storeName },
    ...{ profiles, runners, runnerOptions: runnerOptionsOf(settings) },
  };
}

const told = (id: string, title: string, findings: readonly Finding[]): Check =>
  knownCheck({ id, group: GROUP, title }, findings);

/** Of two checks with one id the first counts: what two plugins look at is looked at once. */
const firstOfEach = (checks: readonly Check[]): readonly Check[] => {
  const byId = new Map<string, Check>();
  for (const check of checks) if (!byId.has(check.id)) byId.set(check.id, check);
  return [...byId.values()];
};
