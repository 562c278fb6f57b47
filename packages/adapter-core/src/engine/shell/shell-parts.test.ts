import { describe, expect, it } from "vitest";
import { ManualClock } from "../../memory/manual-clock.ts";
import { backOffMs, LINK_BACK_OFF } from "./back-off.ts";
import { EventLoop } from "./event-loop.ts";
import { Gate } from "./gate.ts";
import { serializerId } from "./serializer-id.ts";

describe("backOffMs", () => {
  it("doubles within its bounds and waits for nothing before a failure", () => {
    expect(backOffMs(LINK_BACK_OFF, 0, 0.5)).toBe(0);
    expect(backOffMs(LINK_BACK_OFF, 1, 0)).toBe(50);
    expect(backOffMs(LINK_BACK_OFF, 1, 1)).toBe(100);
    expect(backOffMs(LINK_BACK_OFF, 3, 1)).toBe(400);
    expect(backOffMs(LINK_BACK_OFF, 10_000, 1)).toBe(10_000);
  });
});

describe("Gate", () => {
  it("admits in order, by count and bytes, and one that is too big alone", async () => {
    const gate = new Gate({ most: 2, mostBytes: 10 });
    const seen: string[] = [];
    const enter = async (name: string, bytes: number): Promise<() => void> => {
      const leave = await gate.enter(bytes);
      seen.push(name);
      return leave;
    };
    const a = await enter("a", 4);
    const b = await enter("b", 6);
    const c = enter("c", 20);
    const d = enter("d", 1);
    a();
    a();
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual(["a", "b"]);
    b();
    (await c)();
    (await d)();
    expect(seen).toEqual(["a", "b", "c", "d"]);
  });
});

describe("serializerId", () => {
  it("is what Scaler makes of a client's identity", () => {
    // hashlib.md5(b"Client|x").hexdigest() + hashlib.md5(b"serializer").hexdigest()
    expect(serializerId(Buffer.from("Client|x").toString("hex"))).toBe(
      "fa13ff8c8f8264c1c1683f886219f99784f6fb7cd5cd53b5679489a29396448f",
    );
  });
});

describe("EventLoop", () => {
  it("applies events in order, those that effects cause after the ones before them, and ticks when due", async () => {
    const clock = new ManualClock();
    const applied: string[] = [];
    let wake: number | undefined = 100;
    const loop: EventLoop = new EventLoop(
      {
        apply: (event, now) => {
          applied.push(`${event.type}@${now}`);
          if (event.type === "tick") wake = now < 200 ? 200 : undefined;
          return event.type === "drain" ? [{ type: "release-job", job: "j" }] : [];
        },
        nextWake: () => wake,
      },
      clock,
      () => loop.tell({ type: "stop" }),
      (reason) => {
        throw reason;
      },
    );
    loop.tell({ type: "drain" });
    expect(applied).toEqual(["drain@0", "stop@0"]);
    await clock.advance(1_000);
    expect(applied.slice(2)).toEqual(["tick@100", "tick@200"]);
    loop.end();
    loop.tell({ type: "drain" });
    expect(applied).toHaveLength(4);
    expect(clock.sleeping).toBe(0);
  });
});
