import type { Check, CheckedDeployment, CheckHost } from "@scaler-aws-hpc/adapter-core";
import type { CheckedAccount } from "./account-port.ts";
import { provisionChecks } from "./provision-checks.ts";
import { startChecks } from "./start-checks.ts";

/** What `doctor` looks at in an account of AWS: all of `provision`'s preconditions, or what `start` needs where it uses AWS. */
export function accountChecks(deployment: CheckedDeployment, host: CheckHost): readonly Check[] {
  const { backend, store } = deployment;
  const account = once(() => openAccount(deployment, host));
  if (host.purpose === "provision") return provisionChecks(account);
  return backend.name === "batch" || store.name === "s3" ? startChecks(deployment, host, account) : [];
}

async function openAccount({ backend, store }: CheckedDeployment, { defer }: CheckHost): Promise<CheckedAccount> {
  const [{ SdkAccount }, { configuredRegion }] = await Promise.all([
    import("./sdk-account.ts"),
    import("../account/identity.ts"),
  ]);
  const named = backend.options["aws-region"] ?? store.options["aws-region"];
  const account = new SdkAccount(
    typeof named === "string" && named !== "" ? named : await configuredRegion(process.env),
  );
  defer(() => account.close());
  return account;
}

function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => {
    opened ??= open();
    return opened;
  };
}
