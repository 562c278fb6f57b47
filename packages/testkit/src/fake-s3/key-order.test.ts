import { expect, it } from "vitest";
import { Random } from "../simulator/random.ts";
import { KeyOrder } from "./key-order.ts";

it("gives what sorting all keys would give, whatever came and went before", () => {
  const random = new Random(3);
  const there = new Set<string>();
  const order = new KeyOrder((key) => there.has(key));
  for (let round = 0; round < 300; round += 1) {
    for (let step = random.int(0, 5); step > 0; step -= 1) {
      const key = `${random.pick(["a/", "b/", "b", ""])}${random.int(0, 30)}`;
      if (random.chance(0.4)) {
        if (there.delete(key)) order.delete();
      } else if (!there.has(key)) {
        there.add(key);
        order.add(key);
      }
    }
    const prefix = random.pick(["", "a/", "b", "b/1", "c"]);
    const after = random.pick(["", "a/10", "b/1", "z"]);
    const expected = [...there].filter((key) => key.startsWith(prefix) && (after === "" || key > after)).sort();
    expect(order.from(prefix, after)).toEqual(expected);
  }
});
