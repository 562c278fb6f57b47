import { describe, expect, it } from "vitest";
import { Coverage, SOMETIMES } from "./coverage.ts";
import { Kernel } from "./kernel.ts";
import { Random } from "./random.ts";

function drain(kernel: Kernel): void {
  while (kernel.step());
}

describe("the kernel of a run", () => {
  it("lets things happen in order of time, and of their making where the time is the same", () => {
    const kernel = new Kernel(new Random(1), new Coverage(SOMETIMES));
    const random = new Random(2);
    const seen: [number, number][] = [];
    for (let index = 0; index < 500; index += 1) {
      const at = random.int(0, 20);
      kernel.after(at, () => seen.push([at, index]));
    }
    drain(kernel);
    expect(seen).toHaveLength(500);
    expect(seen).toEqual(seen.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]));
    expect(kernel.now).toBe(20);
  });

  it("leaves out what was cancelled, and stops at the first breach", () => {
    const kernel = new Kernel(new Random(1), new Coverage(SOMETIMES));
    const seen: string[] = [];
    kernel.cancel(kernel.after(1, () => seen.push("cancelled")));
    kernel.after(2, () => kernel.fail("I1", "first"));
    kernel.after(2, () => seen.push("after the breach"));
    drain(kernel);
    kernel.fail("I2", "second");
    expect(seen).toEqual([]);
    expect(kernel.breach).toEqual({ invariant: "I1", message: "first" });
  });

  it("keeps the last lines of its trace, and all of them in the hash", () => {
    const [one, other] = [
      new Kernel(new Random(1), new Coverage(SOMETIMES)),
      new Kernel(new Random(1), new Coverage(SOMETIMES)),
    ];
    one.log("early", "a");
    other.log("early", "b");
    for (let line = 0; line < 200; line += 1) for (const kernel of [one, other]) kernel.log("later", "same", line);
    expect(one.trace.tail()).toEqual(other.trace.tail());
    expect(one.trace.tail().at(-1)).toMatch(/later +same +199$/);
    expect(one.trace.tail()).toHaveLength(60);
    expect(one.trace.hash).not.toBe(other.trace.hash);
  });
});

describe("the source of chance", () => {
  it("gives the same numbers for the same seed, and others for another", () => {
    const draw = (seed: number): number[] => {
      const random = new Random(seed);
      return Array.from({ length: 50 }, () => random.next());
    };
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
    expect(draw(5).every((number) => number >= 0 && number < 1)).toBe(true);
  });

  it("keeps to the bounds it is given", () => {
    const random = new Random(9);
    for (let count = 0; count < 1_000; count += 1) {
      expect([3, 4, 5]).toContain(random.int(3, 5));
      const spread = random.spread(0.1, 100);
      expect(spread >= 0.1 && spread <= 100).toBe(true);
    }
    expect(random.hex(16)).toMatch(/^[0-9a-f]{32}$/);
    expect(() => random.pick([])).toThrow(RangeError);
  });
});
