import { type Check, ok, warning } from "@scaler-aws-hpc/adapter-core";
import type { CheckedAccount } from "./account-port.ts";

/** Who the credentials are: also the first that `provision` needs. */
export const accountCheck = (account: () => Promise<CheckedAccount>): Check => ({
  id: "aws-account",
  group: "AWS",
  title: "account",
  // While settings are wrong, AWS is not asked: the credentials may be meant for another account.
  needs: ["payload-store", "backend", "aws-credentials"],
  async run(options) {
    const open = await account();
    const { account: id, arn } = await open.caller(options);
    const text = `${id} as ${arn}, region ${open.region}`;
    if (!/:root$/.test(arn)) return [ok(text)];
    return [
      warning(`${text}: the account itself, which nothing is denied to`, "use a role with the policy of docs/batch.md"),
    ];
  },
});
