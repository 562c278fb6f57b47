import {
  type Check,
  type CheckHost,
  type Finding,
  fault,
  isAdapterError,
  ok,
  type PluginOptions,
  warning,
} from "@scaler-aws-hpc/adapter-core";
import { OWN_TAGS, roomForInline } from "../job-request.ts";
import { type OpenProfile, openProfiles } from "../open-profile.ts";
import { openSdk } from "../sdk-batch-api.ts";
import { type BatchSettings, type ProfileSettings, readOptions, readProfile } from "../settings.ts";
import { AccountLook } from "./account-look.ts";
import { logFinding } from "./log-group.ts";
import { machineFindings } from "./machines.ts";
import { permissionFindings } from "./permissions.ts";

const GROUP = "AWS Batch";
const TIMEOUT_MS = 5_000;

/**
 * What `doctor` looks at for this backend. What several profiles share is looked at once; the first queue and definition have ids without a name.
 * @throws {AdapterError} `config` when a setting is wrong in itself
 */
export function batchChecks(options: PluginOptions, host: CheckHost, open = openSdk): readonly Check[] {
  const settings = readOptions(options);
  const profiles = host.profiles.map((profile) => readProfile(profile, options, settings));
  const look = new AccountLook(settings, host, () => open({ region: settings.region, timeoutMs: TIMEOUT_MS }));
  const queues = [...new Set(profiles.map(({ queue }) => queue))];
  const definitions = [
    ...new Set(profiles.flatMap(({ definition, nodeDefinition = definition }) => [definition, nodeDefinition])),
  ];
  return [
    ...storeCheck(host.storeName),
    ...queues.flatMap((name, index) => queueChecks(look, name, idOf(index, name))),
    ...definitions.flatMap((name, index) => definitionChecks(look, name, idOf(index, name))),
    {
      id: "batch-permissions",
      group: GROUP,
      title: "calls of AWS Batch",
      needs: ["batch-queue"],
      run: async (more) => await permissionFindings(await look.parts(), queues[0] ?? settings.queue, more),
    },
    ...profiles.map(
      (profile, index): Check => ({
        id: idOf(index, profile.name)("batch-profile"),
        group: GROUP,
        title: `profile ${profile.name}`,
        needs: [
          idOf(queues.indexOf(profile.queue), profile.queue)("batch-machines"),
          idOf(definitions.indexOf(profile.definition), profile.definition)("batch-definition"),
        ],
        run: async () => await profileFindings(look, profile, settings, host),
      }),
    ),
  ];
}

const idOf =
  (index: number, name: string) =>
  (id: string): string =>
    index === 0 ? id : `${id}:${name}`;

/** Jobs reach nothing on this machine. */
function storeCheck(storeName: string): readonly Check[] {
  if (storeName !== "fs") return [];
  const wrong = fault("jobs on AWS Batch read and write S3 only", "use --payload-store s3 with --s3-bucket");
  return [{ id: "batch-store", group: GROUP, title: "payload store fs", run: async () => [wrong] }];
}

function queueChecks(look: AccountLook, name: string, id: (id: string) => string): readonly Check[] {
  return [
    {
      id: id("batch-queue"),
      group: GROUP,
      title: `job queue ${name}`,
      needs: ["aws-credentials"],
      async run() {
        const { status, state, statusReason } = await look.queue(name);
        const { api } = await look.parts();
        if (status !== "VALID")
          return [warning(`is ${status} (${statusReason ?? "no reason given"})`, "wait until it is VALID")];
        return [ok(`is ${state} and ${status}, in ${api.region}`)];
      },
    },
    {
      id: id("batch-machines"),
      group: GROUP,
      title: `compute environments of ${name}`,
      needs: [id("batch-queue")],
      run: async (options) => await orDenied(async () => machineFindings(await look.environments(name, options))),
    },
  ];
}

function definitionChecks(look: AccountLook, name: string, id: (id: string) => string): readonly Check[] {
  return [
    {
      id: id("batch-definition"),
      group: GROUP,
      title: `job definition ${name}`,
      needs: ["aws-credentials"],
      async run() {
        const { revision, containerProperties } = await look.definition(name);
        return [
          ok(`revision ${revision} is active and passes the six parameters; image ${containerProperties?.image}`),
        ];
      },
    },
    {
      id: id("batch-logs"),
      group: GROUP,
      title: `log group of ${name}`,
      needs: [id("batch-definition")],
      run: async (options) => [await logFinding((await look.parts()).api, await look.definition(name), options)],
    },
  ];
}

/** As the backend itself opens a profile; then how much fits into its jobs. */
async function profileFindings(
  look: AccountLook,
  profile: ProfileSettings,
  settings: BatchSettings,
  host: CheckHost,
): Promise<readonly Finding[]> {
  const parts = { ...(await look.parts()), log: host.log };
  const open = (await openProfiles(parts, [profile], OWN_TAGS + Object.keys(settings.tags).length)).get(profile.name);
  if (open === undefined) return [fault("could not be opened", "report it as a bug", "internal")];
  const room = inlineRoomOf(open, settings, host);
  if (room > 0 || settings.inlineBytes === 0)
    return [
      ok(
        `queue and definition fit${room > 0 ? `; bundles up to ${room} bytes travel in the job, others through the store` : ""}`,
      ),
    ];
  return [
    warning(
      "the definition leaves no room for bundles in job parameters, so every job takes its bundle from the store",
      "shorten its command and environment",
    ),
  ];
}

/** With names of the usual lengths: the place of the store is not known before it is opened. */
function inlineRoomOf(
  open: OpenProfile,
  { tags, inlineBytes }: BatchSettings,
  { managerId, runners }: CheckHost,
): number {
  const store = {
    kind: "s3",
    bucket: "b".repeat(63),
    prefix: "p".repeat(64),
    region: "r".repeat(14),
    owner: "0".repeat(12),
  };
  return Math.max(
    0,
    Math.min(inlineBytes, roomForInline(open, { managerId, tags, version: "0.0.0" }, { store, runners })),
  );
}

/** `start` goes on without a look at the compute environments. */
async function orDenied(work: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await work();
  } catch (reason) {
    if (!isAdapterError(reason) || reason.code !== "denied") throw reason;
    const action = "batch:DescribeComputeEnvironments";
    return [warning(`could not be looked at: ${action} is not allowed`, `allow ${action}`)];
  }
}
