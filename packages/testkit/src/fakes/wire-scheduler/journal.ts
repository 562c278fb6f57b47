import type { SchedulerMessage, UnknownMessage } from "@scaler-aws-hpc/scaler-protocol";
import { HarnessError } from "../../scaler/harness-error.ts";
import type { WirePeer } from "./wire-peer.ts";

/** One thing that happened at the scripted scheduler or its object storage. */
export type JournalEntry =
  | { readonly type: "named" | "ended"; readonly peer: WirePeer }
  | { readonly type: "sent"; readonly peer: WirePeer; readonly message: SchedulerMessage }
  | {
      readonly type: "received";
      readonly peer: WirePeer;
      readonly frame: Uint8Array;
      readonly message: SchedulerMessage | UnknownMessage;
    }
  /** A request came, and (`stored`) an object was confirmed to be there. */
  | { readonly type: "set" | "stored" | "get"; readonly objectId: string };

/** What {@link Journal.until} may take unless the caller says otherwise: a little less than a unit test may, so that a failure says what it waited for. */
const LIMIT_MS = 4_500;

/** Everything that happened at a scripted cluster, in one order for all its connections. */
export class Journal {
  readonly entries: JournalEntry[] = [];
  readonly #watchers = new Set<() => void>();

  add(entry: JournalEntry): void {
    this.entries.push(entry);
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Resolves to what `read` finds, looked for after every entry. @throws {HarnessError} `timeout`, with the journal's end */
  async until<T>(what: string, read: () => T | undefined | false, limitMs = LIMIT_MS): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        settle();
      };
      const look = (): void => {
        const found = read();
        if (found !== undefined && found !== false) finish(() => resolve(found));
      };
      const timer = setTimeout(
        () => finish(() => reject(new HarnessError("timeout", `not within ${limitMs} ms: ${what}\n${this.tail()}`))),
        limitMs,
      );
      this.#watchers.add(look);
      look();
    });
  }

  /** What came from managers, one kind of message. */
  received<K extends SchedulerMessage["kind"]>(
    kind: K,
  ): { readonly at: number; readonly peer: WirePeer; readonly message: Extract<SchedulerMessage, { kind: K }> }[] {
    return this.entries.flatMap((entry, at) => {
      if (entry.type !== "received" || entry.message.kind !== kind) return [];
      return [{ at, peer: entry.peer, message: entry.message as Extract<SchedulerMessage, { kind: K }> }];
    });
  }

  /** The last entries in words. */
  tail(count = 40): string {
    return this.entries.slice(-count).map(inWords).join("\n");
  }
}

function inWords(entry: JournalEntry): string {
  if (!("peer" in entry)) return `storage: ${entry.type} ${entry.objectId}`;
  const where = `#${entry.peer.number} ${entry.peer.identity}`;
  if (!("message" in entry)) return `${where}: ${entry.type}`;
  const { message } = entry;
  const task = "taskId" in message ? ` ${message.taskId}` : "";
  return `${where}: ${entry.type} ${message.kind}${task}`;
}
