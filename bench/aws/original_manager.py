"""Starts the AWS manager of the released Scaler, with the one defect mended that keeps it from working at all.

It announces its concurrency as a negative number, which the protocol cannot carry: its first heartbeat raises OverflowError and it ends. Here it
announces one worker process of --max-concurrent-jobs jobs. Nothing else is changed, and nothing is written into the installation.
"""

import scaler.worker_manager.proxy.aws_batch.worker_manager as released
from scaler.entry_points.worker_manager import main
from scaler.worker_manager.runner import WorkerManagerRunner


def mended_runner(**settings):
    return WorkerManagerRunner(**{**settings, "max_provisioner_units": 1})  # the one line


if __name__ == "__main__":
    released.WorkerManagerRunner = mended_runner
    main()
