import { parseAddress } from "@scaler-aws-hpc/scaler-protocol";
import type { StartSettings } from "./settings.ts";

type Trust = Pick<
  StartSettings,
  "schedulerAddress" | "workerSchedulerAddress" | "objectStorageAddress" | "tlsInsecure"
>;

/** What the user should know before payloads travel: a connection that others can read or take over. */
export function trustWarnings(settings: Trust): readonly string[] {
  const { schedulerAddress, workerSchedulerAddress, objectStorageAddress, tlsInsecure } = settings;
  const addresses = [schedulerAddress, workerSchedulerAddress, objectStorageAddress].filter((it) => it !== undefined);
  const open = [...new Set(addresses)].filter(isOpen);
  const warnings = open.map(
    (address) =>
      `${address} is neither encrypted nor authenticated and leaves this machine: whoever can reach it can run code in your jobs; use tls:// or wss://, or keep it in a private network`,
  );
  if (tlsInsecure)
    warnings.push("--tls-insecure: servers are not verified; anybody on the way can read and change tasks");
  return warnings;
}

function isOpen(text: string): boolean {
  const { scheme, host } = parseAddress(text);
  if (scheme === "tls" || scheme === "wss") return false;
  return !(host === "localhost" || host === "::1" || host.startsWith("127."));
}
