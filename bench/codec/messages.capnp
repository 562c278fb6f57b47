# The three messages that the benchmark encodes and decodes, with the layout that numbering 2 has on the wire.
# Made into messages.ts, with TypeScript 5 beside capnp-es, by: capnp compile -o./node_modules/.bin/capnpc-ts messages.capnp
# Two lines at its top, which keep checks away from it, are added by hand.
@0x9c3f6a1d2b7e4850;

struct Frame {
  union {
    task @0 :Job;
    unused1 @1 :Void;
    unused2 @2 :Void;
    taskResult @3 :Outcome;
    unused4 @4 :Void;
    unused5 @5 :Void;
    unused6 @6 :Void;
    unused7 @7 :Void;
    unused8 @8 :Void;
    workerHeartbeat @9 :Beat;
  }
}

struct Job {
  taskId @0 :Data;
  source @1 :Data;
  metadata @2 :Data;
  funcObjectId @3 :Data;
  functionArgs @4 :List(Operand);
  capabilities @5 :List(Ability);
}

struct Operand {
  type @0 :UInt16;
  data @1 :Data;
}

struct Ability {
  name @0 :Text;
  value @1 :Int64;
}

struct Outcome {
  taskId @0 :Data;
  resultType @1 :UInt16;
  metadata @2 :Data;
  results @3 :List(Data);
}

struct Usage {
  cpu @0 :UInt16;
  rss @1 :UInt64;
}

struct Slot {
  pid @0 :UInt32;
  initialized @1 :Bool;
  hasTask @2 :Bool;
  suspended @3 :Bool;
  resource @4 :Usage;
  currentTaskId @5 :Data;
  taskAgeSeconds @6 :UInt32;
}

struct Beat {
  agent @0 :Usage;
  rssFree @1 :UInt64;
  queueSize @2 :UInt32;
  queuedTasks @3 :UInt32;
  latencyMicroseconds @4 :UInt32;
  taskLock @5 :Bool;
  processors @6 :List(Slot);
  capabilities @7 :List(Ability);
  workerManagerId @8 :Data;
  memLimit @9 :UInt64;
  hostname @10 :Text;
  netSentBytes @11 :UInt64;
  netReceivedBytes @12 :UInt64;
}
