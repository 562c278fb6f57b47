import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBundle, encodeBundle } from "./bundle.ts";
import { decodeSection, encodeSection, type Section, type SectionInput } from "./section.ts";

const secret = "c0".repeat(32);
const id = (n: number): string => n.toString(16).padStart(64, "0");

function section(child: number, over: Partial<SectionInput> = {}): SectionInput {
  return {
    job: "job-1",
    child,
    client: "436c69656e74",
    taskLimitMs: 60_000,
    flushMs: 40,
    flushBytes: 8 << 20,
    fresh: false,
    serializer: id(1),
    objects: [
      { id: id(1), bytes: Buffer.from("serializer"), raw: 10, gzip: false },
      { id: id(2), bytes: Buffer.from("function"), raw: 8, gzip: false },
      { id: id(3), key: `v1/in/m/objects/${"d".repeat(64)}`, sha256: "d".repeat(64), stored: 7, raw: 9, gzip: true },
    ],
    tasks: [
      { id: "01".repeat(16), fn: id(2), args: [id(3), id(3)], stream: true, profiling: false },
      { id: "02".repeat(16), fn: id(2), args: [], stream: false, profiling: true },
    ],
    ...over,
  };
}

async function encoded(...sections: readonly SectionInput[]): Promise<Buffer> {
  return Buffer.concat(await encodeBundle({ job: "job-1", secret, sections: sections.map(encodeSection) }));
}

function plain(value: Section | undefined): unknown {
  return (
    value && {
      ...value,
      objects: value.objects.map((o) => ("bytes" in o ? { ...o, bytes: Buffer.from(o.bytes).toString("hex") } : o)),
    }
  );
}

describe("bundle", () => {
  it("comes back as it was written", async () => {
    const sections = [section(0), section(1, { fresh: true, tasks: [] })];
    const back = await decodeBundle(await encoded(...sections), "job-1", secret);
    expect(back.map(plain)).toEqual(sections.map(plain));
  });

  it("holds an object once however often it is named, and copies none of them", () => {
    const bytes = Buffer.from("function");
    const twice = section(0, { objects: [...section(0).objects, { id: id(2), bytes, raw: 8, gzip: false }] });
    expect(decodeSection(Buffer.concat(encodeSection(twice))).objects).toHaveLength(3);
    expect(encodeSection(section(0, { objects: [{ id: id(1), bytes, raw: 8, gzip: false }], tasks: [] })).at(-1)).toBe(
      bytes,
    );
  });

  it("does not write a task whose object is missing", () => {
    expect(() => encodeSection(section(0, { objects: [] }))).toThrow(/^\[internal\]/);
  });

  it("is refused when cut after any number of bytes, or longer", async () => {
    const whole = await encoded(section(0), section(1));
    for (let length = 0; length < whole.length; length += 1) {
      await expect(decodeBundle(whole.subarray(0, length), "job-1", secret)).rejects.toThrow(/^\[corrupt\]/);
    }
    await expect(decodeBundle(Buffer.concat([whole, Buffer.from([0])]), "job-1", secret)).rejects.toThrow(
      /^\[corrupt\]/,
    );
  });

  it("is refused when any one bit is flipped", async () => {
    const whole = await encoded(section(0), section(1, { tasks: [] }));
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const changed = Buffer.from(whole);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await expect(decodeBundle(changed, "job-1", secret)).rejects.toThrow(/^\[(?:corrupt|incompatible)\]/);
    }
  });

  it("is refused for another job or with another secret, and when sections changed places", async () => {
    const whole = await encoded(section(0), section(1));
    await expect(decodeBundle(whole, "job-2", secret)).rejects.toThrow(/another signature/);
    await expect(decodeBundle(whole, "job-1", "c1".repeat(32))).rejects.toThrow(/another signature/);
    const swapped = await encoded(section(1), section(0));
    await expect(decodeBundle(swapped, "job-1", secret)).rejects.toThrow(/belongs elsewhere/);
  });

  it("takes 1 to 10,000 sections", async () => {
    const pieces = [Buffer.alloc(0)];
    const of = (count: number) =>
      encodeBundle({ job: "j", secret, sections: Array.from({ length: count }, () => pieces) });
    await expect(of(0)).rejects.toThrow(/^\[too-large\]/);
    await expect(of(10_001)).rejects.toThrow(/^\[too-large\]/);
    expect(await of(10_000)).toHaveLength(10_001);
  });

  it("signs a big section in slices, so that timers run meanwhile", async () => {
    const big = Buffer.alloc(24 << 20, 7);
    let turns = 0;
    const count = setInterval(() => {
      turns += 1;
    }, 0);
    await encodeBundle({ job: "j", secret, sections: [[big]] });
    clearInterval(count);
    expect(turns).toBeGreaterThan(3);
  });

  it("stops signing when aborted", async () => {
    const stop = new AbortController();
    const running = encodeBundle({ job: "j", secret, sections: [[Buffer.alloc(8 << 20)]] }, { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
  });
});

describe("section", () => {
  const header = (change: Record<string, unknown>): Buffer => {
    const pieces = encodeSection(section(0));
    const text = JSON.stringify({ ...JSON.parse(Buffer.from(pieces[1] ?? []).toString()), ...change });
    const prelude = Buffer.alloc(8);
    prelude.writeUInt32LE(Buffer.byteLength(text));
    return Buffer.concat([prelude, Buffer.from(text), ...pieces.slice(2)]);
  };

  it("reads back what the helper of these tests writes", () => {
    expect(decodeSection(header({})).tasks).toHaveLength(2);
  });

  const blob = { id: id(1), at: 0, stored: 18, raw: 18, gzip: false };
  const cases: [string, Record<string, unknown>][] = [
    ["no version", { v: "1" }],
    ["a job name that is no plain name", { job: "../x" }],
    ["a client that is no hex", { client: "xyz" }],
    ["a negative limit", { taskLimitMs: -1 }],
    ["fresh that is no boolean", { fresh: 1 }],
    ["a serializer that is no blob", { serializer: 3 }],
    ["blobs that leave bytes over", { blobs: [{ ...blob, stored: 17, raw: 17 }], serializer: 0, tasks: [] }],
    ["a blob past the end", { blobs: [{ ...blob, at: 1 }], serializer: 0, tasks: [] }],
    [
      "a shared object under a hostile key",
      { blobs: [blob, { ...blob, key: "v1/in/../../x", sha256: "d".repeat(64) }] },
    ],
    ["a shared object without digest", { blobs: [blob, { ...blob, key: "v1/in/m/objects/x" }] }],
    ["a task that is no list", { tasks: [{}] }],
    ["a task with an unknown flag", { tasks: [["01".repeat(16), 0, [], 4]] }],
    ["a task without its function", { tasks: [["01".repeat(16), 9, [], 0]] }],
    ["a task with a short id", { tasks: [["01", 0, [], 0]] }],
  ];
  it.each(cases)("refuses %s", (_name, change) => {
    expect(() => decodeSection(header(change))).toThrow(/^\[corrupt\]/);
  });

  it("comes back whatever its objects and tasks are", () => {
    const objects = fc.uniqueArray(fc.record({ n: fc.nat(50), bytes: fc.uint8Array({ maxLength: 30 }) }), {
      minLength: 1,
      maxLength: 8,
      selector: (o) => o.n,
    });
    const tasks = fc.array(
      fc.record({
        fn: fc.nat(),
        args: fc.array(fc.nat(), { maxLength: 4 }),
        stream: fc.boolean(),
        profiling: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(objects, tasks, (objects, tasks) => {
        const pick = (n: number): string => id(objects[n % objects.length]?.n ?? 0);
        const input = section(0, {
          objects: objects.map(({ n, bytes }) => ({ id: id(n), bytes, raw: bytes.length, gzip: false })),
          serializer: pick(0),
          tasks: tasks.map((task) => ({ ...task, id: "0f".repeat(16), fn: pick(task.fn), args: task.args.map(pick) })),
        });
        expect(plain(decodeSection(Buffer.concat(encodeSection(input))))).toEqual(plain(input));
      }),
    );
  });
});
