// Adds 1 to the number in an object, again and again, by compare-and-set: started many times by the tests beside it, and killed.
import { FsPayloadStore } from "../src/index.ts";

const [, , directory = "", times = "0"] = process.argv;
const store = await FsPayloadStore.open({ directory });
for (let done = 0; done < Number(times); ) {
  const found = await store.get("counter");
  const next = Buffer.from(String(Number(Buffer.from(found?.body ?? []).toString()) + 1));
  if ((await store.put("counter", next, { if: { etag: found?.etag ?? "" } })).stored) {
    done += 1;
    process.stdout.write(".");
  }
}
