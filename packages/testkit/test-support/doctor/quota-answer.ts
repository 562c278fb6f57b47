import type { ProxiedAnswer } from "./aws-proxy.ts";

/** What Service Quotas answers of a quota. */
export const quotaAnswer = (Value: number): ProxiedAnswer => ({
  status: 200,
  headers: { "content-type": "application/x-amz-json-1.1" },
  body: JSON.stringify({ Quota: { Value } }),
});
