import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { HarnessError } from "../../src/scaler/index.ts";
import { buildFrom } from "./scratch-base.ts";

/** The last public image that asks for no account, where a registry can be reached. */
export const PUBLIC_LOCALSTACK = "docker.io/localstack/localstack:4.4.0";

// The same release from PyPI, with its own fork of moto, and limits where newer releases of what it imports broke it.
const PACKAGES = [
  "localstack-core[base-runtime]==4.4.0",
  "moto-ext==5.1.4.post1",
  "pyopenssl<24.3",
  "cbor2<5.7",
  "service_identity<24",
  "cryptography<44",
  "joserfc<1.2",
  "setuptools<81",
];

const ENVIRONMENT = {
  GATEWAY_LISTEN: "0.0.0.0:4566",
  // Nothing is fetched, reported or resolved for others.
  SKIP_SSL_CERT_DOWNLOAD: "1",
  DISABLE_EVENTS: "1",
  DNS_ADDRESS: "0",
};

/** Builds LocalStack on a base with Python 3.11 that has venv, from PyPI: S3, STS, IAM and Logs work as in its public image. */
export async function buildLocalStack(engine: string, base: string, image: string): Promise<void> {
  const quoted = PACKAGES.map((name) => `'${name}'`).join(" ");
  const lines = [
    `FROM ${base}`,
    `RUN python3 -m venv /opt/localstack && /opt/localstack/bin/pip install --no-cache-dir --quiet ${quoted}`,
    ...Object.entries(ENVIRONMENT).map(([name, value]) => `ENV ${name}=${value}`),
    "EXPOSE 4566",
    'CMD ["/opt/localstack/bin/python", "-m", "localstack.runtime.main"]',
  ];
  // It takes longest, and is waited for last.
  await buildFrom(engine, image, async () => lines, 10);
}

const BUILD_MS = 400_000;

/** Resolves to LocalStack's image once it is built; it goes on while other tests run. */
export async function waitForLocalStack(file: string): Promise<string> {
  const deadline = performance.now() + BUILD_MS;
  for (;;) {
    const text = await readFile(file, "utf8").catch(() => "");
    const [image, failure] = text.split("\n", 2);
    if (failure) throw new HarnessError("not-ready", `LocalStack's image was not built: ${text}`);
    if (image) return image;
    if (performance.now() > deadline) throw new HarnessError("timeout", "LocalStack's image is not built yet");
    await sleep(500);
  }
}
