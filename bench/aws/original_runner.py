"""The job runner of the released Scaler, for forks of a warm process.

Each of its jobs makes two S3 clients, which takes a tenth of a second of processor time: on machines of their own nobody would notice, but here all
jobs share one machine. So the client is made once, before the forks; apart from that nothing is changed.
"""

import functools
import os
import sys
import sysconfig

sys.path.insert(0, os.path.join(sysconfig.get_path("purelib"), "scaler", "worker_manager", "proxy", "aws_batch", "remote"))

import boto3  # noqa: E402
import job_runner  # noqa: E402

boto3.client = functools.cache(boto3.client)
boto3.client("s3")


def main():
    job_runner.main()
