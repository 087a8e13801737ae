#!/usr/bin/env python3
"""Writes framework/tensorflow/proto/opDefs.pb.gz: the definitions of all ops of the installed TensorFlow (2.15), an OpList.

    python scripts/makeOpDefs.py framework/tensorflow/proto/opDefs.pb.gz

Documentation is left out, and so are the ops that only TensorFlow's own graph rewriting makes (their names begin with an
underscore), but for those that it writes into graphs itself.
"""
import gzip
import sys

from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

KEPT = {"_Arg", "_DeviceArg", "_Retval", "_SwitchN", "_FusedConv2D", "_FusedMatMul", "_FusedBatchNormEx"}


def main(path):
    ops = op_def_pb2.OpList()
    ops.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    kept = op_def_pb2.OpList()
    for op in sorted(ops.op, key=lambda op: op.name):
        if op.name.startswith("_") and op.name not in KEPT:
            continue
        kept.op.append(plain(op))
    # No time in the header: the same TensorFlow gives the same bytes.
    with open(path, "wb") as file:
        file.write(gzip.compress(kept.SerializeToString(deterministic=True), 9, mtime=0))
    print(f"{path}: {len(kept.op)} ops")


def plain(op):
    copy = op_def_pb2.OpDef()
    copy.CopyFrom(op)
    copy.ClearField("summary")
    copy.ClearField("description")
    for part in [*copy.input_arg, *copy.output_arg, *copy.attr]:
        part.ClearField("description")
    for arg in [*copy.input_arg, *copy.output_arg]:
        arg.ClearField("experimental_full_type")
    return copy


if __name__ == "__main__":
    main(*sys.argv[1:])
