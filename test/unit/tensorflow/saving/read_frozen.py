"""What TensorFlow makes of files that saveFrozenGraph wrote. Reads a JSON list of tasks from a file, prints one of answers.

    python read_frozen.py TASKS.json

A task has `files` (the same graph, .pb and .pbtxt), `feeds` (tensor -> {dtype, shape, data}), `fetches` (tensor names), and
what the outputs are compared with: `savedModel` (frozen by TensorFlow itself, outputs by `keys`), `graph` (a frozen graph) or
`expected` (tensors). Variables of the files have their values from `checkpoint`. The answer is the largest difference of the
outputs of each file, relative beyond 1, and whether text and binary are equal.
"""
import json
import sys

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.protobuf import trackable_object_graph_pb2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

tf1 = tf.compat.v1


def read(path):
    graph = tf1.GraphDef()
    if path.endswith("txt"):
        with open(path) as file:
            text_format.Parse(file.read(), graph)
    else:
        with open(path, "rb") as file:
            graph.ParseFromString(file.read())
    return graph


def run(graph_def, feeds, fetches, checkpoint=None):
    with tf1.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        with tf1.Session(graph=graph) as session:
            if checkpoint:
                session.run(list(assignments(graph, checkpoint)))
            return session.run(fetches, feeds)


def assignments(graph, checkpoint):
    """Ops that give every variable what the checkpoint has under its name, or under its object's key (TensorFlow 2)."""
    reader = tf.train.load_checkpoint(checkpoint)
    keys = {}
    if reader.has_tensor("_CHECKPOINTABLE_OBJECT_GRAPH"):
        objects = trackable_object_graph_pb2.TrackableObjectGraph()
        objects.ParseFromString(reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH"))
        keys = {a.full_name: a.checkpoint_key for node in objects.nodes for a in node.attributes}
    for op in graph.get_operations():
        if op.type == "VarHandleOp":
            name = op.get_attr("shared_name").decode() or op.name
            value = tf.constant(reader.get_tensor(keys.get(name, name)))
            yield tf.raw_ops.AssignVariableOp(resource=op.outputs[0], value=value)


def array(tensor):
    if tensor["dtype"] == "string":
        return np.array(tensor["data"], dtype=object).reshape(tensor["shape"])
    return np.array([float(v) if isinstance(v, str) else v for v in tensor["data"]]).astype(
        tf.as_dtype(tensor["dtype"]).as_numpy_dtype).reshape(tensor["shape"])


def by_signature(path, feeds, keys):
    """TensorFlow's own freezing: its names, and its numbers."""
    model = tf.saved_model.load(path)
    signature = model.signatures["serving_default"]
    frozen = convert_variables_to_constants_v2(signature)
    names = sorted(signature.structured_outputs)
    outputs = run(frozen.graph.as_graph_def(), {f"{k}:0": v for k, v in feeds.items()},
                  [frozen.outputs[names.index(key)].name for key in keys])
    return outputs, [n.name for n in frozen.graph.as_graph_def().node]


def difference(ours, theirs):
    worst = 0.0
    for a, b in zip(ours, theirs):
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"{a.dtype}{a.shape} is not {b.dtype}{b.shape}"
        if not np.issubdtype(b.dtype, np.number):
            worst = max(worst, float(np.any(a != b)))
            continue
        a, b = a.astype(np.float64), b.astype(np.float64)
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        gaps = np.where(same, 0.0, np.abs(a - b) / np.maximum(1.0, np.abs(b)))
        worst = max(worst, float(np.max(gaps, initial=0.0)))
    return worst


answers = []
for task in json.load(open(sys.argv[1])):
    feeds = {name: array(tensor) for name, tensor in task["feeds"].items()}
    names = []
    if "savedModel" in task:
        theirs, names = by_signature(task["savedModel"], feeds, task["keys"])
    elif "graph" in task:
        theirs = run(read(task["graph"]), feeds, task["fetches"])
    else:
        theirs = [array(tensor) for tensor in task["expected"]]
    graphs = [read(path) for path in task["files"]]
    inner = {f"{name}:0" if ":" not in name else name: value for name, value in feeds.items()}
    answers.append({
        "differences": [difference(run(graph, inner, task["fetches"], task.get("checkpoint")), theirs) for graph in graphs],
        "equal": all(graph == graphs[0] for graph in graphs),
        "ops": sorted({node.op for graph in graphs for node in graph.node}),
        "devices": sorted({node.device for graph in graphs for node in graph.node}),
        "names": names,
        "version": graphs[0].versions.producer,
    })
print(json.dumps(answers))
