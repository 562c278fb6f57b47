import {
  CancelJobCommand,
  DescribeJobsCommand,
  ListJobsCommand,
  RegisterJobDefinitionCommand,
  type SubmitJobCommandInput,
  TerminateJobCommand,
  TerminateJobsCommand,
} from "@aws-sdk/client-batch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEFINITION, EmulatorBed, QUEUE } from "../../test-support/emulator-bed.ts";
import { LIMITS } from "./limits.ts";

// Each row is driven through the real SDK over HTTP, at the last value that is accepted and at the first one that is not.

let bed: EmulatorBed;
beforeAll(async () => {
  bed = await EmulatorBed.open();
});
afterAll(async () => await bed[Symbol.asyncDispose]());

interface Row {
  readonly limit: keyof typeof LIMITS;
  /** What is over the limit, next to it. @default one more */
  readonly beyond?: number;
  readonly call: (size: number) => Promise<unknown>;
  /** The answer beyond the limit; a `ClientException` it is always. */
  readonly refusal: RegExp;
}

const texts = (count: number): string[] => Array.from({ length: count }, (_, at) => `text-${at}`);
const ids = (count: number): string[] =>
  texts(count).map((_, at) => `00000000-0000-4000-8000-${String(at).padStart(12, "0")}`);
const submit = (input: Partial<SubmitJobCommandInput>): Promise<string> => bed.submit(input);
const rule = (pattern: string) => ({ onReason: pattern, action: "EXIT" as const });

/** A request of exactly so many bytes, whose filling is in no command. */
async function submitOfBytes(bytes: number): Promise<string> {
  const input = { jobName: "job", jobQueue: QUEUE, jobDefinition: DEFINITION, parameters: { unused: "" } };
  return await submit({ parameters: { unused: "x".repeat(bytes - JSON.stringify(input).length) } });
}

async function registerOfBytes(bytes: number): Promise<unknown> {
  const input = (filling: string) => ({
    jobDefinitionName: "sized",
    type: "container" as const,
    parameters: { unused: filling },
    containerProperties: { image: "an-image" },
  });
  return await bed.batch.send(
    new RegisterJobDefinitionCommand(input("x".repeat(bytes - JSON.stringify(input("")).length))),
  );
}

const ROWS: readonly Row[] = [
  { limit: "submitBytes", call: submitOfBytes, refusal: /^Job size must be less than 30 KiB, got 30 KiB$/ },
  { limit: "registerBytes", call: registerOfBytes, refusal: /24 KiB/ },
  {
    limit: "describeJobs",
    call: (size) => bed.batch.send(new DescribeJobsCommand({ jobs: ids(size) })),
    refusal: /^Maximum number of jobs supported is 100$/,
  },
  {
    limit: "bulkIds",
    call: (size) => bed.batch.send(new TerminateJobsCommand({ jobs: ids(size), reason: "a test" })),
    refusal: /between 1 and 50/,
  },
  { limit: "leastArray", beyond: 1, call: (size) => submit({ arrayProperties: { size } }), refusal: /Array job size/ },
  { limit: "mostArray", call: (size) => submit({ arrayProperties: { size } }), refusal: /Array job size/ },
  { limit: "nameChars", call: (size) => submit({ jobName: "n".repeat(size) }), refusal: /should match valid pattern/ },
  {
    limit: "leastTimeoutSeconds",
    beyond: 59,
    call: (attemptDurationSeconds) => submit({ timeout: { attemptDurationSeconds } }),
    refusal: /at least 60/,
  },
  {
    limit: "reasonChars",
    call: (size) => bed.batch.send(new TerminateJobCommand({ jobId: ids(1)[0], reason: "r".repeat(size) })),
    refusal: /1024 characters/,
  },
  {
    limit: "reasonChars",
    call: (size) => bed.batch.send(new CancelJobCommand({ jobId: ids(1)[0], reason: "r".repeat(size) })),
    refusal: /1024 characters/,
  },
  {
    limit: "tags",
    call: (size) => submit({ tags: Object.fromEntries(texts(size).map((name) => [name, "value"])) }),
    refusal: /at most 50 tags/,
  },
  {
    limit: "leastAttempts",
    beyond: 0,
    call: (attempts) => submit({ retryStrategy: { attempts } }),
    refusal: /attempts/,
  },
  { limit: "mostAttempts", call: (attempts) => submit({ retryStrategy: { attempts } }), refusal: /attempts/ },
  {
    limit: "exitRules",
    call: (size) => submit({ retryStrategy: { attempts: 2, evaluateOnExit: texts(size).map(() => rule("*")) } }),
    refusal: /more than 5/,
  },
  {
    limit: "patternChars",
    call: (size) => submit({ retryStrategy: { attempts: 2, evaluateOnExit: [rule("p".repeat(size))] } }),
    refusal: /allowed pattern/,
  },
  {
    limit: "dependencies",
    call: (size) => submit({ dependsOn: ids(size).map((jobId) => ({ jobId })) }),
    refusal: /at most 20 dependencies/,
  },
];

describe("what is refused at once", () => {
  it.each(ROWS.map((row) => ({ ...row, basis: LIMITS[row.limit].basis, value: LIMITS[row.limit].value })))(
    "$limit: $value is accepted, the next is not ($basis)",
    async ({ value, beyond, call, refusal }) => {
      await expect(call(value)).resolves.toBeDefined();
      await expect(call(beyond ?? value + 1)).rejects.toMatchObject({
        name: "ClientException",
        message: expect.stringMatching(refusal),
        $metadata: { httpStatusCode: 400 },
      });
    },
  );
});

it("has a row for each limit, or a test of its own", () => {
  const elsewhere = ["overrideChars", "listPage", "listFilteredPage", "callsPerSecond", "containerReasonChars"];
  expect(new Set([...ROWS.map(({ limit }) => limit), ...elsewhere])).toEqual(new Set(Object.keys(LIMITS)));
  const inferred = Object.entries(LIMITS).filter(([, { basis }]) => basis === "inferred");
  expect(inferred.map(([name]) => name)).toEqual(["submitBytes", "registerBytes", "overrideChars", "callsPerSecond"]);
});

describe("pages", () => {
  it.each([LIMITS.listPage.value, LIMITS.listPage.value + 1])("shows 1,000 of %i children at once", async (size) => {
    await using slow = await EmulatorBed.open({ submittedMs: 3_600_000 });
    const arrayJobId = await slow.submit({ arrayProperties: { size } });
    const page = await slow.batch.send(new ListJobsCommand({ arrayJobId, jobStatus: "SUBMITTED", maxResults: 5_000 }));
    expect(page.jobSummaryList).toHaveLength(LIMITS.listPage.value);
    expect(page.nextToken !== undefined).toBe(size > LIMITS.listPage.value);
    if (page.nextToken === undefined) return;
    const { nextToken } = page;
    const rest = await slow.batch.send(new ListJobsCommand({ arrayJobId, jobStatus: "SUBMITTED", nextToken }));
    expect(rest.jobSummaryList?.map(({ jobId }) => jobId)).toEqual([`${arrayJobId}:1000`]);
    expect(rest.nextToken).toBeUndefined();
  });

  it.each([LIMITS.listFilteredPage.value, LIMITS.listFilteredPage.value + 1])(
    "shows 100 of %i named jobs",
    async (size) => {
      await using slow = await EmulatorBed.open({ submittedMs: 3_600_000 });
      for (const text of texts(size)) await slow.submit({ jobName: text });
      const filters = [{ name: "JOB_NAME", values: ["TEXT-*"] }];
      const page = await slow.batch.send(new ListJobsCommand({ jobQueue: QUEUE, filters }));
      expect(page.jobSummaryList).toHaveLength(LIMITS.listFilteredPage.value);
      expect(page.jobSummaryList?.[0]?.jobName).toBe(`text-${size - 1}`);
      expect(page.nextToken !== undefined).toBe(size > LIMITS.listFilteredPage.value);
    },
  );
});

describe("what else SubmitJob refuses", () => {
  const WRONG: readonly (readonly [string, Partial<SubmitJobCommandInput>, RegExp])[] = [
    ["a name that begins with a dash", { jobName: "-job" }, /valid pattern/],
    ["a name with a dot", { jobName: "a.job" }, /valid pattern/],
    ["a queue that is not there", { jobQueue: "nowhere" }, /JobQueue nowhere not found/],
    ["a definition that is not there", { jobDefinition: "nothing" }, /JobDefinition nothing not found/],
    ["an empty parameter that its command uses", { parameters: { payload: "" } }, /cannot have empty strings/],
    ["an empty string in its command", { containerOverrides: { command: ["a", ""] } }, /cannot have empty strings/],
    [
      "a variable of Batch's own",
      { containerOverrides: { environment: [{ name: "AWS_BATCH_X", value: "1" }] } },
      /AWS_BATCH/,
    ],
    ["rules without a number of attempts", { retryStrategy: { evaluateOnExit: [rule("*")] } }, /attempts must be/],
    [
      "a pattern with a star inside",
      { retryStrategy: { attempts: 2, evaluateOnExit: [rule("a*b")] } },
      /allowed pattern/,
    ],
    [
      "a pattern with brackets",
      { retryStrategy: { attempts: 2, evaluateOnExit: [rule("a (b)*")] } },
      /allowed pattern/,
    ],
    [
      "an exit code with letters",
      { retryStrategy: { attempts: 2, evaluateOnExit: [{ onExitCode: "x", action: "EXIT" }] } },
      /allowed pattern/,
    ],
    ["a share without a policy", { shareIdentifier: "share" }, /shareIdentifier/],
    ["a tag of AWS", { tags: { "aws:x": "1" } }, /not valid/],
  ];
  it.each(WRONG)("%s", async (_, input, refusal) => {
    await expect(submit(input)).rejects.toMatchObject({
      name: "ClientException",
      message: expect.stringMatching(refusal),
    });
  });
});
