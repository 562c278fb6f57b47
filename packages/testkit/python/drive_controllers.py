"""Drives the controllers of the installed scheduler in memory, and prints what they send.

stdin: a JSON list of scripts, each a list of steps `{"op": ..., "at": seconds, ...}`. stdout: one JSON line per script, with a list per step
of the messages sent in it as `[to, what, ...]`, or `"crashed"` for a step that raised: that ends the real process, so nothing follows.
"""

import asyncio
import json
import logging
import sys
import types

from scaler.config.types.address import AddressConfig
from scaler.protocol import capnp
from scaler.scheduler.controllers import client_controller, worker_controller
from scaler.scheduler.controllers.balance_controller import VanillaBalanceController
from scaler.scheduler.controllers.client_controller import VanillaClientController
from scaler.scheduler.controllers.config_controller import VanillaConfigController
from scaler.scheduler.controllers.graph_controller import VanillaGraphTaskController
from scaler.scheduler.controllers.object_controller import VanillaObjectController
from scaler.scheduler.controllers.task_controller import VanillaTaskController
from scaler.scheduler.controllers.vanilla_policy_controller import VanillaPolicyController
from scaler.scheduler.controllers.worker_controller import VanillaWorkerController
from scaler.utility.identifiers import ClientID, ObjectID, TaskID, WorkerID

# Releases that match a report by the task's id alone do not take the worker that sent it.
REPORTS_NAME_WORKER = hasattr(capnp, "WorkerDisconnectNotification")

CONFIRM = {
    "canceled": capnp.TaskCancelConfirmType.canceled,
    "cancelFailed": capnp.TaskCancelConfirmType.cancelFailed,
    "cancelNotFound": capnp.TaskCancelConfirmType.cancelNotFound,
}
RESULT = {
    "success": capnp.TaskResultType.success,
    "failed": capnp.TaskResultType.failed,
    "failedWorkerDied": capnp.TaskResultType.failedWorkerDied,
}


class Recorder:
    """Stands for the binder, the monitor and the object storage: keeps what is sent to workers and clients."""

    def __init__(self):
        self.sent = []

    async def send(self, to, message=None, detached=True):
        if message is None:
            return
        line = describe(message)
        if line is not None:
            self.sent.append([bytes(to).decode(), *line])

    async def set_object(self, *_args):
        pass


def describe(message):
    kind = type(message).__name__
    if kind == "Task":
        return ["task", bytes(message.taskId).hex()]
    if kind == "TaskCancel":
        return ["cancel", bytes(message.taskId).hex(), forced(message)]
    if kind == "TaskCancelConfirm":
        return ["confirm", bytes(message.taskId).hex(), name_of(CONFIRM, message.cancelConfirmType)]
    if kind == "TaskResult":
        return ["result", bytes(message.taskId).hex(), name_of(RESULT, message.resultType)]
    if kind == "WorkerHeartbeatEcho":
        return ["echo"]
    if kind == "ClientDisconnect":
        return ["shutdown"]
    return None


def forced(cancel):
    try:
        return bool(cancel.flags.force)
    except AttributeError:  # releases up to 2.6.0 leave the flags of some cancels unset, which are then false on the wire
        return False


def name_of(names, value):
    number = getattr(value, "value", value)
    return next(name for name, member in names.items() if getattr(member, "value", member) == number)


class Monitor:
    async def send(self, *_args):
        pass


class Cluster:
    def __init__(self):
        self.now = 0.0
        self.binder = Recorder()
        clock = types.SimpleNamespace(time=lambda: self.now)
        worker_controller.time = clock
        client_controller.time = clock
        config = VanillaConfigController(
            types.SimpleNamespace(
                advertised_object_storage_address=AddressConfig.from_string("tcp://127.0.0.1:1"),
                worker_timeout_seconds=60,
                client_timeout_seconds=60,
                load_balance_trigger_times=2,
                protected=False,
            )
        )
        policy = VanillaPolicyController("simple", "allocate=even_load; scaling=no")
        monitor = Monitor()
        self.clients = VanillaClientController(config)
        objects = VanillaObjectController(config)
        graphs = VanillaGraphTaskController(config)
        self.tasks = VanillaTaskController(config)
        self.workers = VanillaWorkerController(config, policy)
        self.balancer = VanillaBalanceController(config, policy)
        self.clients.register(self.binder, monitor, objects, self.tasks, self.workers)
        objects.register(self.binder, monitor, self.binder, self.clients, self.workers)
        graphs.register(self.binder, monitor, self.binder, self.clients, self.tasks, objects)
        storage = [self.binder] if REPORTS_NAME_WORKER else []
        self.tasks.register(self.binder, monitor, *storage, self.clients, objects, self.workers, graphs)
        self.workers.register(self.binder, monitor, self.tasks)
        self.balancer.register(self.binder, monitor, self.tasks)

    async def step(self, step):
        self.now = step["at"]
        self.binder.sent = []
        await getattr(self, "do_" + step["op"])(step)
        return self.binder.sent

    async def do_submit(self, step):
        task = capnp.Task(
            taskId=TaskID(bytes.fromhex(step["task"])),
            source=ClientID(step["client"].encode()),
            metadata=b"",
            funcObjectId=ObjectID(bytes(32)),
            functionArgs=[],
            capabilities=[],
        )
        await self.tasks.on_task_new(task)

    async def do_cancel(self, step):
        flags = capnp.TaskCancel.TaskCancelFlags(force=step["force"])
        cancel = capnp.TaskCancel(taskId=TaskID(bytes.fromhex(step["task"])), flags=flags)
        await self.tasks.on_task_cancel(ClientID(step["client"].encode()), cancel)

    async def do_client_gone(self, step):
        request = capnp.ClientDisconnect(disconnectType=capnp.ClientDisconnect.DisconnectType.disconnect)
        await self.clients.on_client_disconnect(ClientID(step["client"].encode()), request)

    async def do_heartbeat(self, step):
        heartbeat = capnp.WorkerHeartbeat(
            agent=capnp.Resource(cpu=0, rss=0),
            queueSize=step["queueSize"],
            processors=[],
            capabilities=[],
            workerManagerID=b"manager",
        )
        await self.workers.on_heartbeat(WorkerID(step["worker"].encode()), heartbeat)

    async def do_result(self, step):
        result = capnp.TaskResult(
            taskId=TaskID(bytes.fromhex(step["task"])), resultType=RESULT[step["kind"]], metadata=b"", results=[]
        )
        await self.tasks.on_task_result(*self.reporter(step), result)

    async def do_confirm(self, step):
        confirm = capnp.TaskCancelConfirm(
            taskId=TaskID(bytes.fromhex(step["task"])), cancelConfirmType=CONFIRM[step["answer"]]
        )
        await self.tasks.on_task_cancel_confirm(*self.reporter(step), confirm)

    async def do_leave(self, step):
        worker = WorkerID(step["worker"].encode())
        if REPORTS_NAME_WORKER:
            await self.workers.on_disconnect_notification(worker, capnp.WorkerDisconnectNotification())
        else:
            await self.workers.on_disconnect(worker, capnp.DisconnectRequest(worker=worker))

    async def do_sweep(self, _step):
        await self.workers.routine()

    async def do_balance(self, _step):
        await self.balancer.routine()

    async def do_shutdown(self, _step):
        await self.workers.on_client_shutdown(ClientID(b"Client|any"))

    @staticmethod
    def reporter(step):
        return [WorkerID(step["worker"].encode())] if REPORTS_NAME_WORKER else []


async def main():
    for steps in json.load(sys.stdin):
        cluster = Cluster()
        answers = []
        for step in steps:
            try:
                answers.append(await cluster.step(step))
            except Exception as reason:  # noqa: BLE001 - the real process would end here, whatever was raised
                answers.append("crashed")
                print(f"{step}: {reason!r}", file=sys.stderr)
                break
        print(json.dumps(answers))


logging.disable(logging.CRITICAL)
asyncio.run(main())
