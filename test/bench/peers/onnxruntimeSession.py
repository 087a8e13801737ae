"""Times onnxruntime on one thread, call by call as processPeer.mjs asks on stdin (the protocol of native/protocol.h)."""
import sys
import time

import numpy as np
import onnxruntime

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = None
opened = None
feeds = {}
fetches = []


def answer(request, *fields):
    global session, opened
    if request == "open":
        feeds.clear()
        fetches.clear()
        if opened != fields[0]:
            session = onnxruntime.InferenceSession(fields[0], options, providers=["CPUExecutionProvider"])
            opened = fields[0]
    elif request == "in":
        name, dtype, dims, file = fields
        shape = [] if dims == "-" else [int(dim) for dim in dims.split(",")]
        feeds[name] = np.fromfile(file, dtype=dtype).reshape(shape)
    elif request == "out":
        fetches.append(fields[0])
    elif request == "run":
        with open(fields[0], "wb") as file:
            for output in session.run(fetches, feeds):
                file.write(output.tobytes())
    elif request == "time":
        count = int(fields[0])
        start = time.perf_counter()
        for _ in range(count):
            session.run(fetches, feeds)
        return str(1e6 * (time.perf_counter() - start) / count)
    else:
        raise ValueError(f"unknown request {request}")
    return ""


for line in sys.stdin:
    try:
        text = "ok\t" + answer(*line.rstrip("\n").split("\t"))
    except Exception as error:
        text = "error\t" + (str(error).splitlines() or [repr(error)])[0].replace("\t", " ")
    print(text, flush=True)
