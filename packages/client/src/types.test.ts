import { describe, expect, expectTypeOf, it } from "vitest";
import { type Argument, type Client, defineTask, type MapRun, type ObjectRef, type TaskHandle } from "./index.ts";

const pair = defineTask(import.meta.url, async (n: number, bytes: Uint8Array) => [n, bytes.length] as const);
const named = defineTask<typeof import("./format/index.ts").decodeValue>(import.meta.url, "decodeValue");

/** Never called: what the compiler accepts and infers is the test. */
export async function uses(client: Client, shared: ObjectRef<Uint8Array>, numbers: Iterable<number>): Promise<void> {
  expectTypeOf(client.submit(pair, 1, shared)).toEqualTypeOf<TaskHandle<readonly [number, number]>>();
  expectTypeOf(await client.submit(pair, 1, new Uint8Array())).toEqualTypeOf<readonly [number, number]>();
  expectTypeOf(client.map(pair, numbers, { args: [shared] })).toEqualTypeOf<
    MapRun<Argument<number>, readonly [number, number]>
  >();
  expectTypeOf(await client.put(new Map<string, number>())).toEqualTypeOf<ObjectRef<Map<string, number>>>();
  expectTypeOf(client.submit(named, new Uint8Array())).toEqualTypeOf<TaskHandle<unknown>>();
  // @ts-expect-error: a string is no number
  client.submit(pair, "1", shared);
  // @ts-expect-error: an argument is missing
  client.submit(pair, 1);
  // @ts-expect-error: a reference to another type
  client.submit(pair, 1, await client.put("text"));
  // @ts-expect-error: inputs of another type
  client.map(pair, ["1"], { args: [shared] });
  // @ts-expect-error: what comes beside the input is of another type
  client.map(pair, numbers, { args: ["text"] });
}

describe("a task's types", () => {
  it("are those of its function", async () => {
    expectTypeOf(pair).toBeCallableWith(1, new Uint8Array());
    expect(await pair(1, new Uint8Array(2))).toEqual([1, 2]);
  });
});
