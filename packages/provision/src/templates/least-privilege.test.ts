import { describe, expect, it } from "vitest";
import { VARIANTS } from "../../test-support/variants.ts";
import { baseTemplate } from "./base-template.ts";
import { computeTemplate } from "./compute-template.ts";
import type { PolicyDocument, PolicyStatement } from "./policies/policy-document.ts";
import type { Json } from "./template.ts";

/** Statements whose resources have a wildcard: what the resources end with, and why nothing narrower is possible. */
const WILDCARDS: Readonly<Record<string, readonly [end: string, reason: string]>> = {
  LogInToRegistry: ["*", "ecr:GetAuthorizationToken knows no resources"],
  FindService: ["*", "ecs:DiscoverPollEndpoint and ec2:DescribeTags know no resources"],
  SeeJobs: ["*", "what Batch tells of jobs, queues, definitions and environments knows no resources"],
  JoinCluster: [":cluster/*", "Batch names the clusters of its environments"],
  TakeTasks: ["/*", "machines and tasks get their ids when they start"],
  TagItself: [":container-instance/*", "machines get their ids when they start"],
  WriteLog: [":log-stream:*", "ECS names a stream by the task's id"],
  ReadLogs: [":log-stream:*", "ECS names a stream by the task's id"],
  SubmitJobs: [":*", "revisions of our definition"],
  TagJobsAndEndThem: [":job/*", "jobs get their ids when they are submitted"],
  ReadInputs: ["/v1/in/*", "objects below one folder"],
  AddResults: ["/v1/out/*", "objects below one folder"],
  KeepPayloads: ["/v1/*", "objects below one folder"],
};

/** Every policy document in a value, wherever it stands. */
function documents(value: Json): readonly PolicyDocument[] {
  if (typeof value !== "object" || value === null) return [];
  if ("Statement" in value) return [value as PolicyDocument];
  return Object.values(value).flatMap(documents);
}

const statements: readonly PolicyStatement[] = [...VARIANTS.values()].flatMap((settings) =>
  [baseTemplate(settings), computeTemplate(settings)].flatMap((template) =>
    documents(template.Resources as unknown as Json).flatMap(({ Statement }) => Statement),
  ),
);
const allowing = statements.filter(({ Effect }) => Effect === "Allow");
const wild = (text: string): boolean => /[*?]/.test(text);

describe("every policy of every variant", () => {
  it("is looked at", () => {
    expect(new Set(allowing.map(({ Sid }) => Sid)).size).toBeGreaterThanOrEqual(Object.keys(WILDCARDS).length + 2);
    expect(statements.some(({ Effect }) => Effect === "Deny")).toBe(true);
  });

  it("allows no action by a wildcard, and nothing by what it leaves out", () => {
    expect(allowing.flatMap(({ Action }) => Action).filter(wild)).toEqual([]);
    for (const statement of statements) {
      expect(Object.keys(statement).filter((key) => key.startsWith("Not"))).toEqual([]);
    }
  });

  it("allows nothing to everybody", () => {
    const principals = allowing.flatMap(({ Principal }) => (Principal === undefined ? [] : [Principal]));
    expect(new Set(principals.map((one) => JSON.stringify(one)))).toEqual(
      new Set(['{"Service":"ecs-tasks.amazonaws.com"}', '{"Service":"ec2.amazonaws.com"}']),
    );
  });

  it("has a reason for each wildcard in a resource, and no reason without one", () => {
    const used = new Set<string>();
    const unreasoned = allowing.flatMap(({ Sid, Resource = [] }) =>
      Resource.filter(wild).filter((resource) => {
        used.add(Sid);
        const [end] = WILDCARDS[Sid] ?? [];
        if (end === undefined) return true;
        return end === "*" ? resource !== "*" : !resource.endsWith(end) || wild(resource.slice(0, -1));
      }),
    );
    expect(unreasoned).toEqual([]);
    expect(Object.keys(WILDCARDS).filter((sid) => !used.has(sid))).toEqual([]);
  });

  it("forbids to all that it forbids", () => {
    for (const { Principal } of statements.filter(({ Effect }) => Effect === "Deny")) expect(Principal).toBe("*");
  });

  it("gives tasks neither Batch, nor lists, nor deletes, nor results of others", () => {
    for (const settings of VARIANTS.values()) {
      const role = documents(baseTemplate(settings).Resources["JobRole"]?.Properties["Policies"] ?? null);
      const actions = role.flatMap(({ Statement }) => Statement.flatMap(({ Action }) => Action));
      const kms = settings.kmsKeyArn === undefined ? [] : ["kms:Decrypt", "kms:GenerateDataKey"];
      expect(actions).toEqual(["s3:GetObject", "s3:PutObject", ...kms]);
    }
  });
});
