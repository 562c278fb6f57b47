import type { LifecycleRule } from "@aws-sdk/client-s3";
import { type Finding, ok, warning } from "@scaler-aws-hpc/adapter-core";

/** Days that AWS Batch remembers a job: what it needs must not go before. */
const LEAST_DAYS = 7;
const SEE = "see the rules in docs/operations.md";

/**
 * What a bucket's lifecycle does with what is kept below a prefix. Bundles and results that nobody comes back for are removed by nobody else; the lease of a
 * manager that lives is written anew all the time, and must outlast its jobs.
 *
 * @param prefix without slashes at its ends; may be empty
 */
export function lifecycleFindings(rules: readonly LifecycleRule[], prefix: string): readonly Finding[] {
  const enabled = rules.filter(({ Status }) => Status === "Enabled");
  const below = (path: string): string => (prefix === "" ? path : `${prefix}/${path}`);
  const daysOf = (path: string): readonly number[] =>
    enabled.filter((rule) => covers(rule, below(path))).flatMap(({ Expiration }) => Expiration?.Days ?? []);
  const findings: Finding[] = [];
  for (const path of ["v1/in/", "v1/out/"]) {
    const days = daysOf(path);
    const least = Math.min(...days);
    if (days.length === 0) {
      findings.push(
        warning(
          `nothing removes what is left over in ${below(path)}`,
          `add a rule that expires it after 8 days; ${SEE}`,
        ),
      );
    } else if (least < LEAST_DAYS) {
      const text = `${below(path)} expires after ${daysText(least)}: jobs that wait longer lose their inputs and results`;
      findings.push(warning(text, `let it expire after ${LEAST_DAYS} days or more; ${SEE}`));
    }
  }
  const leases = Math.min(...daysOf("v1/managers/"));
  if (leases < LEAST_DAYS) {
    const text = `${below("v1/managers/")} expires too, after ${daysText(leases)}: a manager that was away so long may give a job a name that AWS Batch still knows`;
    findings.push(warning(text, `limit the rule to ${below("v1/in/")} and ${below("v1/out/")}`));
  }
  const aborts = enabled.some((rule) => covers(rule, below("v1/in/")) && rule.AbortIncompleteMultipartUpload);
  if (!aborts) {
    const text = "unfinished multipart uploads stay, and cost, for ever";
    findings.push(warning(text, `add AbortIncompleteMultipartUpload after 1 day; ${SEE}`));
  }
  return findings.length > 0
    ? findings
    : [ok(`expires after ${Math.min(...daysOf("v1/in/"), ...daysOf("v1/out/"))} days`)];
}

const daysText = (days: number): string => `${days} ${days === 1 ? "day" : "days"}`;

/** Whether a rule is about everything below a path. One with more conditions than a prefix is not. */
function covers({ Filter, Prefix }: LifecycleRule, path: string): boolean {
  if (Filter?.And !== undefined || Filter?.Tag !== undefined) return false;
  if (Filter?.ObjectSizeGreaterThan !== undefined || Filter?.ObjectSizeLessThan !== undefined) return false;
  return path.startsWith(Filter?.Prefix ?? Prefix ?? "");
}
