import { PluginRegistry, systemClock } from "@scaler-aws-hpc/adapter-core";
import { plugin as batch } from "../../../backend-batch/src/plugin.ts";
import { type Diagnosis, diagnose } from "../../../cli/src/doctor/doctor.ts";
import { findingsOf } from "../../../cli/src/doctor/failed-check.ts";
import { resolveStartOptions, startOptions } from "../../../cli/src/options/start-options.ts";
import { deriveManagerId } from "../../../cli/src/start/manager-id.ts";
import { plugin as fs } from "../../../payload-fs/src/plugin.ts";
import { plugin as s3 } from "../../../payload-s3/src/plugin.ts";
import { localPython } from "../../../provision/src/checks/local-python.ts";
import { plugin as provision } from "../../../provision/src/plugin.ts";
import { plugin as python } from "../../../runner-python/src/plugin.ts";
import { WireScheduler } from "../../src/fakes/wire-scheduler/index.ts";
import { type Moto, startMoto } from "../../src/moto/index.ts";
import { withEnvironment } from "../../src/s3-store/s3-place.ts";
import { AwsProxy } from "./aws-proxy.ts";
import { accountClients, CONFIG_DIGEST, type HealthyAccount, NAMES, setUpAccount } from "./healthy-account.ts";
import { EXCESS, simulation } from "./iam-simulator.ts";
import { quotaAnswer } from "./quota-answer.ts";

const quiet = (): void => undefined;

/** `doctor` in this process, before an account of moto in which all is as it should be, and a scripted scheduler. */
export class DoctorBed implements AsyncDisposable {
  readonly proxy: AwsProxy;
  readonly account: HealthyAccount;
  /** Actions that IAM's simulator denies, as `action` or `principal action`. */
  readonly denied = new Set<string>();
  /** What the image's configuration says. */
  image: ImageConfig;
  readonly #goodImage: ImageConfig;
  readonly #moto: Moto;
  readonly #environment: Disposable;
  readonly #scheduler: WireScheduler;
  readonly #hello: Buffer;

  private constructor(moto: Moto, proxy: AwsProxy, account: HealthyAccount, scheduler: WireScheduler, python: string) {
    const Labels = { "scaler-aws-hpc.runner": "python", "scaler-aws-hpc.python": python };
    this.#goodImage = { architecture: "amd64", config: { Labels, Entrypoint: ["python", "-m", "scaler_runner"] } };
    this.image = this.#goodImage;
    this.#moto = moto;
    this.proxy = proxy;
    this.account = account;
    this.#scheduler = scheduler;
    this.#hello = scheduler.hello;
    this.#environment = withEnvironment({
      ...moto.env,
      AWS_ENDPOINT_URL: proxy.endpoint,
      AWS_CONFIG_FILE: "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    });
    proxy.always("iam:SimulatePrincipalPolicy", ({ body }) => simulation(body, this.denied));
    proxy.always("ecr:GetDownloadUrlForLayer", () => ({
      status: 200,
      headers: { "content-type": "application/x-amz-json-1.1" },
      body: JSON.stringify({ downloadUrl: `${proxy.endpoint}/none/config`, layerDigest: CONFIG_DIGEST }),
    }));
    proxy.always("none:config", () => ({ status: 200, headers: {}, body: JSON.stringify(this.image) }));
    // moto keeps policies, but knows no conditions: what is denied without TLS would be denied to all.
    proxy.always("s3:GET:policy", () => ({ status: 200, headers: {}, body: TLS_ONLY }));
    // moto has quotas of VPCs alone.
    proxy.always("servicequotas:GetServiceQuota", () => quotaAnswer(256));
    // moto has no snapshots of queues.
    proxy.always("batch:getjobqueuesnapshot", () => ({ status: 200, headers: {}, body: "{}" }));
  }

  static async open(): Promise<DoctorBed> {
    const moto = await startMoto({ buckets: [NAMES.bucket], region: NAMES.region });
    try {
      const account = await setUpAccount(accountClients(moto.endpoint));
      const python = (await localPython({})) ?? "none";
      return new DoctorBed(moto, await AwsProxy.start(moto.endpoint), account, await WireScheduler.start(), python);
    } catch (reason) {
      await moto[Symbol.asyncDispose]();
      throw reason;
    }
  }

  get scheduler(): WireScheduler {
    return this.#scheduler;
  }

  /** Diagnoses what flags say; the healthy account's names stand where none are given, `undefined` leaves one out. */
  async diagnose(
    flags: Readonly<Record<string, string | boolean | undefined>> = {},
    more: {
      readonly purpose?: "start" | "provision";
      readonly nodeVersion?: string;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<Diagnosis> {
    const registry = new PluginRegistry();
    for (const [index, plugin] of [batch, fs, s3, provision, python].entries())
      registry.add({ plugin }, { package: `plugin-${index}`, version: "1.0.0", origin: "core" });
    const plugins = { registry, broken: [] };
    const given = Object.entries({
      "scheduler-address": this.#scheduler.address,
      "job-queue": NAMES.queue,
      "job-definition": NAMES.definition,
      "s3-bucket": NAMES.bucket,
      ...flags,
    }).filter(([, value]) => value !== undefined);
    const places = { workingFolder: "/nowhere", configFolder: "/nowhere", positional: undefined, environment: {} };
    const settings = await resolveStartOptions(startOptions(plugins), {
      flags: Object.fromEntries(given),
      ...places,
    }).catch(findingsOf);
    return await diagnose({
      ...{ plugins, settings, nodeVersion: more.nodeVersion ?? "v24.1.0", purpose: more.purpose ?? "start" },
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      signal: more.signal ?? new AbortController().signal,
    });
  }

  /** The id under which a manager of these settings has its keys. */
  managerIdOf(workerManagerId: string): string {
    return deriveManagerId("batch", workerManagerId, [`s3-bucket=${NAMES.bucket}`, `s3-prefix=${NAMES.prefix}`]);
  }

  /** Everything as it should be again, but for what was changed in the account itself. */
  mend(): void {
    this.proxy.clear();
    this.denied.clear();
    for (const action of EXCESS) this.denied.add(`${NAMES.jobRole} ${action}`);
    this.image = this.#goodImage;
    this.#scheduler.hello = this.#hello;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#environment[Symbol.dispose]();
    for (const client of Object.values(this.account.clients)) client.destroy();
    await this.#scheduler[Symbol.asyncDispose]();
    await this.proxy[Symbol.asyncDispose]();
    await this.#moto[Symbol.asyncDispose]();
    await systemClock.sleep(0);
  }
}

const TLS_ONLY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Deny",
      Principal: "*",
      Action: "s3:*",
      Resource: [`arn:aws:s3:::${NAMES.bucket}`, `arn:aws:s3:::${NAMES.bucket}/*`],
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
  ],
});

/** An image's configuration. */
interface ImageConfig {
  readonly architecture: string;
  readonly config: {
    readonly Labels?: Readonly<Record<string, string>>;
    readonly Entrypoint?: readonly string[];
  };
}
