import { createHash } from "node:crypto";
import type { SchedulerMessage, Task } from "@scaler-aws-hpc/scaler-protocol";
import { BeatRules } from "./beat-rules.ts";
import type { ClientWorld } from "./client-world.ts";
import type { ProgramClock } from "./program-clock.ts";

interface SentTask {
  readonly message: Task;
  cancels: number;
  refusals: number;
  /** The scheduler has said how it ended. */
  answered: boolean;
}

const SERIALIZER = createHash("md5").update("serializer").digest("hex");

/** All that is known of one client from outside, and the rules that its frames and calls must keep. */
export class ClientRecord {
  readonly beats: BeatRules;
  /** Lower-case hex of its name; empty before its first task or object. */
  user = "";
  connected = false;
  /** Its connection ended without its will. */
  lost = false;
  /** The cluster ended at its wish. */
  shutDown = false;
  /** Its farewell, or its end, reaches nobody. */
  unheard = false;
  /** Its scheduler took it for dead and deleted its objects, which it does not know. */
  givenUp = false;
  /** It said farewell. */
  left = false;
  storageFailed = false;
  prepareFailed = false;
  /** Objects of open tasks may go: a clear did not wait any longer. */
  clearedEarly = false;
  readonly announced = new Map<string, string>();
  readonly tasks = new Map<string, SentTask>();
  /** Objects that an order to delete did not reach. */
  readonly undeleted = new Set<string>();
  /** Uploads that have not landed, and when they began. */
  readonly uploading = new Map<string, number>();
  readonly uploaded = new Set<string>();
  /** Result objects that were stored for it. */
  readonly results = new Set<string>();
  /** Tasks whose results somebody made strange: any failure with a name will do. */
  readonly tampered = new Set<string>();
  /** Frames but heartbeats. */
  frames = 0;
  readonly #world: ClientWorld;
  readonly #clock: ProgramClock;

  constructor(world: ClientWorld, clock: ProgramClock) {
    this.#world = world;
    this.#clock = clock;
    this.beats = new BeatRules(world, clock);
  }

  get ended(): boolean {
    return this.left || this.lost;
  }

  /** A frame leaves the client. */
  onSent(message: SchedulerMessage): void {
    this.#world.kernel.log(message.kind, this.#short, "taskId" in message ? message.taskId : "");
    if (this.left) this.#breach(`${message.kind} after the farewell`);
    if (message.kind !== "clientHeartbeat") this.frames += 1;
    if (message.kind === "clientHeartbeat") this.beats.onSent();
    else if (message.kind === "objectInstruction") {
      this.user = message.objectUser;
      for (const [at, id] of message.objectIds.entries()) {
        if (message.instructionType === "create")
          this.#create(id, Buffer.from(message.objectNames[at] ?? []).toString());
        else this.#remove(id);
      }
    } else if (message.kind === "task") this.#task(message);
    else if (message.kind === "taskCancel") this.#cancel(message.taskId, message.force);
    else if (message.kind === "clientDisconnect") this.left = message.disconnectType === "disconnect";
    else this.#breach(`${message.kind} is not for clients`);
  }

  onUpload(id: string): void {
    this.uploaded.add(id);
    this.uploading.set(id, this.#world.kernel.now);
    // An object that the scheduler does not know when its client dies would stay for ever.
    this.#clock.run(1, () => {
      if (!this.announced.has(id) && !this.ended) this.#world.kernel.fail("objects", `${id} was never announced`);
    });
  }

  onLanded(id: string): void {
    this.uploading.delete(id);
  }

  /** The client deletes an object in the storage itself. */
  onDelete(id: string): void {
    this.#underNoTask(id);
  }

  answered(taskId: string): void {
    const task = this.tasks.get(taskId);
    if (task !== undefined) task.answered = true;
  }

  refused(taskId: string): void {
    const task = this.tasks.get(taskId);
    if (task !== undefined) task.refusals += 1;
  }

  #create(id: string, name: string): void {
    if (this.announced.has(id)) this.#breach(`object ${id} was announced twice`);
    if ((name === "serializer") !== id.endsWith(SERIALIZER)) this.#breach(`object ${id} is called ${name}`);
    this.announced.set(id, name);
  }

  #remove(id: string): void {
    if (!this.announced.has(id)) this.#breach(`object ${id} is deleted and was not announced`);
    if (this.uploading.has(id)) {
      this.#world.kernel.fail("objects", `${id} is deleted at the scheduler before it is stored, and so it stays`);
    }
    this.#underNoTask(id);
  }

  #task(task: Task): void {
    if (this.tasks.has(task.taskId)) this.#breach(`task ${task.taskId} was sent twice`);
    if (task.source !== this.user) this.#breach(`task ${task.taskId} is of somebody else`);
    for (const id of [task.funcObjectId, ...task.functionArgs.map(({ data }) => data)]) {
      if (!this.announced.has(id)) this.#breach(`object ${id} of task ${task.taskId} was not announced before it`);
      if (!this.givenUp && !this.#world.objects.has(id))
        this.#breach(`object ${id} of task ${task.taskId} was not stored before it`);
    }
    this.tasks.set(task.taskId, { message: task, cancels: 0, refusals: 0, answered: false });
  }

  #cancel(taskId: string, force: boolean): void {
    const task = this.tasks.get(taskId);
    if (!force) this.#breach("a cancel that is not forced");
    if (task === undefined) this.#breach(`a cancel of task ${taskId}, which was not sent`);
    else if (++task.cancels > task.refusals + 1) this.#breach(`${task.cancels} cancels of task ${taskId}`);
  }

  #underNoTask(id: string): void {
    if (this.clearedEarly || this.ended) return;
    for (const [taskId, { message, answered }] of this.tasks) {
      if (answered) continue;
      const uses = message.funcObjectId === id || message.functionArgs.some(({ data }) => data === id);
      if (uses) this.#world.kernel.fail("objects", `${id} was deleted under task ${taskId}`);
    }
  }

  #breach(what: string): void {
    this.#world.kernel.fail("rules", what);
  }

  get #short(): string {
    return this.user.slice(-8);
  }
}
