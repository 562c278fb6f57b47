import type { ProxiedAnswer } from "./aws-proxy.ts";

/** What a job role of ours may not do. */
export const EXCESS: readonly string[] = [
  "s3:DeleteObject in",
  "s3:GetObject out",
  "s3:PutObject in",
  "batch:DescribeJobs *",
];

/** IAM's simulator, which moto lacks: allows what is not denied here, as `action`, or `role action place`. */
export function simulation(body: string, denied: ReadonlySet<string>): ProxiedAnswer {
  const asked = new URLSearchParams(body);
  const role = asked.get("PolicySourceArn")?.split("/").at(-1) ?? "";
  const resource = asked.get("ResourceArns.member.1") ?? "*";
  const place = /\/v1\/(in|out)\//.exec(resource)?.[1] ?? "*";
  const actions = [...asked].flatMap(([key, value]) => (key.startsWith("ActionNames.member.") ? [value] : []));
  const results = actions.map((action) => {
    const refused = denied.has(action) || denied.has(`${role} ${action} ${place}`);
    const decision = refused ? "implicitDeny" : "allowed";
    return `<member><EvalActionName>${action}</EvalActionName><EvalDecision>${decision}</EvalDecision></member>`;
  });
  const result = `<SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>${results.join("")}</EvaluationResults></SimulatePrincipalPolicyResult>`;
  const xml = `<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">${result}</SimulatePrincipalPolicyResponse>`;
  return { status: 200, headers: { "content-type": "text/xml" }, body: xml };
}
