import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { type AbortOptions, AdapterError, type Check, type Finding, ok, warning } from "@scaler-aws-hpc/adapter-core";
import {
  type Address,
  type Connection,
  connect,
  decodeMessage,
  encodeMessage,
  formatAddress,
  type Magic,
  parseAddress,
  type TlsOptions,
} from "@scaler-aws-hpc/scaler-protocol";
import { toAdapterError } from "../scaler/to-adapter-error.ts";
import type { StartSettings } from "../start/settings.ts";
import { trustWarnings } from "../start/trust-warnings.ts";

const GROUP = "Scheduler";
const CONNECT_MS = 8_000;
const LIMIT_MS = 20_000;

/** Which releases number their messages so; see docs/wire.md. */
const RELEASES: Readonly<Record<Magic, string>> = { 1: "releases before 2.8.0", 2: "releases from 2.8.0 on" };

/** What is reached of a cluster: the scheduler, by both addresses that are used, and the object storage. */
export function schedulerChecks(settings: StartSettings): readonly Check[] {
  const { schedulerAddress, workerSchedulerAddress } = settings;
  const addresses = [...new Set([schedulerAddress, workerSchedulerAddress])];
  return [
    {
      id: "scheduler-trust",
      group: GROUP,
      title: "way to the scheduler",
      async run() {
        await readTls(settings);
        const warnings = trustWarnings(settings).map(splitWarning);
        return warnings.length > 0 ? warnings : [ok("encrypted, or within this machine")];
      },
    },
    ...addresses.map(
      (address, index): Check => ({
        id: index === 0 ? "scheduler" : "worker-scheduler",
        group: GROUP,
        title: `scheduler ${address}`,
        needs: ["scheduler-trust"],
        limitMs: LIMIT_MS,
        run: async (options) => [ok(spoken(await greet(address, settings, options)))],
      }),
    ),
    {
      id: "object-storage",
      group: GROUP,
      title: "object storage",
      needs: ["scheduler"],
      limitMs: LIMIT_MS,
      async run(options) {
        const address = settings.objectStorageAddress ?? (await learnStorage(settings, options));
        if (address === undefined) {
          const text = "a scheduler on ZeroMQ tells its address to workers only; it is not looked at";
          return [ok(text)];
        }
        return [ok(`${nameOf(address)} ${spoken(await greet(address, settings, options, "the object storage"))}`)];
      },
    },
  ];
}

const nameOf = (address: string | Address): string => (typeof address === "string" ? address : formatAddress(address));

const spoken = ({ transport, magic }: Pick<Connection, "transport" | "magic">): string =>
  transport === "zmq"
    ? "answers on ZeroMQ"
    : `answers on YMQ${magic === undefined ? "" : `, message numbering ${magic} (${RELEASES[magic]})`}`;

/** Shakes hands under a name that nobody else has, says nothing, and leaves. */
async function greet(
  address: string | Address,
  settings: StartSettings,
  options: AbortOptions,
  what = "the scheduler",
): Promise<Pick<Connection, "transport" | "magic">> {
  try {
    const connection = await connect(address, {
      identity: `doctor|${randomUUID()}`,
      onFrame: () => {},
      onClose: () => {},
      tls: await readTls(settings),
      connectTimeoutMs: CONNECT_MS,
      signal: options.signal,
    });
    const { transport, magic } = connection;
    connection.destroy();
    return { transport, magic };
  } catch (reason) {
    throw withNextStep(reason, `${what} at ${nameOf(address)}`, options.signal);
  }
}

/**
 * Asks as a client does, which is the only greeting that registers nothing that could be given a task. `undefined`: on ZeroMQ the numbering of messages is
 * not known, and a wrong one is more than a scheduler bears.
 */
async function learnStorage(settings: StartSettings, options: AbortOptions): Promise<Address | undefined> {
  const heard = Promise.withResolvers<Address>();
  heard.promise.catch(() => {});
  const { schedulerAddress } = settings;
  const gone = (): void =>
    heard.reject(
      new AdapterError(
        "unavailable",
        `the scheduler at ${schedulerAddress} hung up before it said where its object storage is; name it with --object-storage-address`,
      ),
    );
  let numbering: Magic | undefined;
  const connection = await connect(schedulerAddress, {
    identity: `Client|doctor|${randomUUID().replaceAll("-", "")}`,
    onFrame(frame) {
      if (numbering === undefined) return;
      const message = decodeMessage(frame, numbering);
      if (message.kind !== "clientHeartbeatEcho") return;
      const { host, port, scheme } = message.objectStorageAddress;
      heard.resolve(parseAddress(`${scheme || "tcp"}://${host.includes(":") ? `[${host}]` : host}:${port}`));
    },
    onClose: gone,
    tls: await readTls(settings),
    connectTimeoutMs: CONNECT_MS,
    signal: options.signal,
  });
  options.signal?.addEventListener("abort", () => heard.reject(options.signal?.reason), { once: true });
  try {
    numbering = connection.magic;
    if (numbering === undefined) return undefined;
    const resource = { cpuPermille: 0, rssBytes: 0 };
    const beat = { kind: "clientHeartbeat", resource, latencyMicroseconds: 0, hostname: hostname() } as const;
    connection.send(encodeMessage(beat, numbering));
    const address = await heard.promise;
    connection.send(encodeMessage({ kind: "clientDisconnect", disconnectType: "disconnect" }, numbering));
    return address;
  } finally {
    await connection.close({ timeoutMs: 500 });
  }
}

async function readTls({ tlsCa, tlsInsecure }: StartSettings): Promise<TlsOptions> {
  if (tlsCa === undefined) return { insecure: tlsInsecure };
  try {
    return { ca: await readFile(tlsCa, "utf8"), insecure: tlsInsecure };
  } catch (cause) {
    const got = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const text = `--tls-ca ${tlsCa} cannot be read (${got}); name a PEM file that can`;
    throw new AdapterError("config", text, { cause });
  }
}

/** Adds what to do to an error of the wire, which only says what happened. */
function withNextStep(reason: unknown, what: string, signal: AbortSignal | undefined): unknown {
  const error = toAdapterError(reason, what, signal);
  if (!(error instanceof Error) || !("code" in error)) return error;
  const { code, message } = error as AdapterError;
  const bare = message.replaceAll(/\[[a-z-]+\] /g, "");
  if (bare.includes("; ")) return error;
  const next: Readonly<Record<string, string>> = {
    unavailable: "start it, or correct the address; a firewall or security group between here and there looks the same",
    config: "look at the certificate, and at --tls-ca where it is your own",
    incompatible: "expected a Scaler server of release 2.0 or newer there; look at the port",
  };
  return new AdapterError(code, `${bare}; ${next[code] ?? "look at the address"}`, { cause: reason });
}

/** A warning of `start` as a finding. */
function splitWarning(text: string): Finding {
  if (text.startsWith("--tls-insecure")) return warning(text, "leave it out, and name your certificates with --tls-ca");
  const at = text.indexOf("; ");
  return warning(text.slice(0, at), text.slice(at + 2));
}
