"""Writes the small SavedModels of the tests beside it, and expected.json with what TensorFlow computes from them.

    pip install tensorflow-cpu==2.15.1 && python make_saved_models.py
"""
import json
import os
import shutil
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
tf1 = tf.compat.v1
X = np.array([[1, -2, 3], [0.5, 0.25, -4]], np.float32)
expected = {}


def folder(name):
    shutil.rmtree(HERE / name, ignore_errors=True)
    return str(HERE / name)


def plain(array):
    array = np.asarray(array)
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": array.ravel().tolist()}


def keep(name, inputs, outputs, **options):
    """One case: the options that load the model, what goes in and what TensorFlow gives."""
    case = {"options": options, "inputs": {k: plain(v) for k, v in inputs.items()}}
    case["outputs"] = {k: plain(v) for k, v in outputs.items()}
    expected.setdefault(name, []).append(case)


class Functions(tf.Module):
    """Calls in calls, variables that reach loops, branches and lookups, several signatures."""

    def __init__(self):
        super().__init__()
        self.w = tf.Variable(np.arange(9, dtype=np.float32).reshape(3, 3) / 10, name="w")
        self.b = tf.Variable([1.0, 2.0, 3.0], name="b")
        self.same_name = tf.Variable([10.0, 20.0, 30.0], name="b")
        self.table = tf.Variable(np.arange(8, dtype=np.float32).reshape(4, 2), name="table")
        self.calls = tf.Variable(0, name="calls")

    @tf.function
    def layer(self, x, bias):
        return tf.matmul(x, self.w) + bias

    @tf.function
    def twice(self, x):
        return self.layer(self.layer(x, self.b), self.same_name), tf.shape(self.w)

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x"), tf.TensorSpec([], tf.int32, name="n")])
    def serve(self, x, n):
        y, shape = self.twice(x)
        _, looped = tf.while_loop(lambda i, v: i < n, lambda i, v: (i + 1, self.layer(v, self.b) / 2), (0, y))
        chosen = tf.cond(n > 2, lambda: looped + self.same_name, lambda: self.layer(looped, self.b))
        picked = tf.switch_case(n, [lambda: self.b * 2, lambda: self.same_name, lambda: self.layer(x, self.b)[0]])
        return {"y": chosen, "shape": shape, "picked": picked, "rows": tf.nn.embedding_lookup(self.table, [n, 0])}

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def other(self, x):
        y = tf.reshape(self.layer(x, self.b), [1, 1, -1, 3])
        # Several outputs of different names, and one that is a list.
        normal, mean, variance = tf1.nn.fused_batch_norm(y, self.b, self.same_name, is_training=True)
        first, second, _ = tf.split(normal, 3, axis=3)
        return {"difference": first - second, "mean": mean, "variance": variance}

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def train(self, x):
        self.calls.assign_add(1)
        return {"y": x + tf.cast(self.calls, tf.float32)}


def functions():
    module = Functions()
    path = folder("functions")
    signatures = {"serving_default": module.serve, "other": module.other, "train": module.train}
    tf.saved_model.save(module, path, signatures=signatures)
    loaded = tf.saved_model.load(path).signatures
    for n in (0, 1, 3):
        n = np.int32(n)
        keep("functions", {"x": X, "n": n}, loaded["serving_default"](x=tf.constant(X), n=tf.constant(n)))
    keep("functions", {"x": X}, loaded["other"](x=tf.constant(X)), signature="other")


def undecorated():
    class Undecorated(tf.Module):
        def __init__(self):
            super().__init__()
            self.w = tf.Variable([1.0])

        def __call__(self, x):
            return x * self.w

    tf.saved_model.save(Undecorated(), folder("undecorated"))


def reference_variables():
    """TensorFlow 1: reference variables, a partitioned one, a condition of Switch and Merge, no signature."""
    path = folder("reference_variables")
    tf1.disable_control_flow_v2()
    with tf1.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(tf.float32, [None, 3], name="x")
        flag = tf1.placeholder(tf.bool, [], name="flag")
        with tf1.variable_scope("", use_resource=False, partitioner=tf1.fixed_size_partitioner(2, axis=0)):
            w = tf1.get_variable("w", [4, 3], initializer=tf1.random_uniform_initializer(seed=1))
        b = tf1.get_variable("b", initializer=np.ones(4, np.float32), use_resource=True)
        c = tf1.get_variable("c", initializer=np.full(4, 5, np.float32), use_resource=False)
        y = tf.matmul(x, tf.convert_to_tensor(w), transpose_b=True)
        tf1.cond(flag, lambda: b + 1.0, lambda: c * 1.0, name="cond")
        tf.add(y, tf1.get_default_graph().get_tensor_by_name("cond/Merge:0"), name="y")
        session.run(tf1.global_variables_initializer())
        # Other values than the initialisers', so that only the restored ones are right.
        session.run([tf1.assign(v, v * 3 - 1) for v in tf1.global_variables()])
        builder = tf1.saved_model.Builder(path)
        builder.add_meta_graph_and_variables(session, ["serve"])
        builder.save()
        for value in (True, False):
            keep("reference_variables", {"x": X, "flag": value}, {"y": session.run("y:0", {"x:0": X, "flag:0": value})})
    tf1.enable_control_flow_v2()


def tags():
    """Two meta graphs that share their variables; text instead of binary."""
    path = folder("tags")
    builder = None
    for tag_set, factor in ((["serve"], 2.0), (["serve", "gpu"], 3.0)):
        with tf1.Graph().as_default(), tf1.Session() as session:
            x = tf1.placeholder(tf.float32, [None], name="x")
            w = tf1.get_variable("w", initializer=np.float32(7), use_resource=True)
            y = tf.multiply(x * w, factor, name="y")
            signature = tf1.saved_model.predict_signature_def({"in": x}, {"out": y})
            session.run(tf1.global_variables_initializer())
            if builder is None:
                builder = tf1.saved_model.Builder(path)
                builder.add_meta_graph_and_variables(session, tag_set, {"predict": signature})
            else:
                builder.add_meta_graph(tag_set, {"predict": signature})
            data = np.array([1.5, -2], np.float32)
            keep("tags", {"in": data}, {"out": session.run(y, {x: data})}, tag=tag_set)
    builder.save(as_text=True)


def vocabulary():
    """A table that a file in assets/ fills, as TensorFlow 2 and 1 save it; beside the latter a file in assets.extra/."""
    # By a relative path, because it becomes part of the table's name.
    os.chdir(HERE)
    words = Path("words.txt")
    words.write_text("electron\nmuon\ntau\n")
    scores = np.array([1, 2, 3, 4], np.float32)

    def table():
        index = tf.lookup.TextFileIndex
        initializer = tf.lookup.TextFileInitializer(
            str(words), tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER
        )
        return tf.lookup.StaticHashTable(initializer, -1)

    class Vocabulary(tf.Module):
        def __init__(self):
            super().__init__()
            self.table = table()
            self.scores = tf.Variable(scores, name="scores")

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="x")])
        def __call__(self, x):
            index = self.table.lookup(x)
            return {"index": index, "score": tf.gather(self.scores, index + 1)}

    tf.saved_model.save(Vocabulary(), folder("vocabulary"))
    path = folder("vocabulary_v1")
    with tf1.Graph().as_default(), tf1.Session() as session:
        variable = tf1.get_variable("scores", initializer=scores, use_resource=False)
        x = tf1.placeholder(tf.string, [None], name="x")
        index = table().lookup(x)
        score = tf.gather(variable, index + 1)
        session.run([tf1.global_variables_initializer(), tf1.tables_initializer()])
        signature = tf1.saved_model.predict_signature_def({"x": x}, {"index": index, "score": score})
        builder = tf1.saved_model.Builder(path)
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            {"serving_default": signature},
            assets_collection=tf1.get_collection(tf1.GraphKeys.ASSET_FILEPATHS),
            main_op=tf1.tables_initializer(),
        )
        builder.save()
    extra = Path(path) / "assets.extra" / "requests"
    extra.mkdir(parents=True)
    (extra / "warmup.txt").write_text("muon\n")
    words.unlink()


def bundle():
    """A checkpoint of every element type, in two shards."""
    shutil.rmtree(HERE / "bundle", ignore_errors=True)
    (HERE / "bundle").mkdir()
    rng = np.random.default_rng(1)
    kinds = ["float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool", "float16"]
    tensors = {f"of/{kind}": (rng.normal(0, 100, (2, 3)) if "float" in kind else rng.integers(0, 2, (2, 3))).astype(kind) for kind in kinds}
    tensors["of/string"] = np.array([b"", b"\x00\xff", "é".encode() * 100], object)
    tensors["scalar"] = np.float32(3.5)
    tensors["empty"] = np.zeros((0, 4), np.float32)
    tensors["large"] = rng.normal(0, 1, 5000).astype(np.float32)
    names = list(tensors)
    prefix = str(HERE / "bundle" / "variables")
    halves = [names[::2], names[1::2]]
    for shard, half in enumerate(halves):
        tf.raw_ops.SaveV2(prefix=f"{prefix}_{shard}", tensor_names=half, shape_and_slices=[""] * len(half), tensors=[tensors[n] for n in half])
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=[f"{prefix}_{i}" for i in range(2)], destination_prefix=prefix, delete_old_dirs=False)
    values = {n: plain(t) for n, t in tensors.items() if n not in ("of/string", "large")}
    (HERE / "bundle" / "expected.json").write_text(json.dumps(values) + "\n")


def text_graph():
    """A frozen graph as text and as bytes, with every kind of constant that text writes in its own way."""
    with tf1.Graph().as_default() as graph:
        tf.constant([1.5, float("nan"), float("inf"), float("-inf"), -0.0, 1e-42], name="floats")
        tf.constant([b"\x00\x01\xff'\"\\\n", "é".encode()], name="strings")
        tf.constant([2**62, -1], tf.int64, name="longs")
        tf.constant([True, False, True], name="bools")
        tf.constant([1.5, -2], tf.float16, name="halves")
        tf.constant(np.arange(5, dtype=np.float64), name="doubles")
        x = tf1.placeholder(tf.float32, [None, 3], name="x")
        tf.strided_slice(x, [0, 0], [2, 2], name="y")
        tf1.placeholder(tf.float32, None, name="any")
        (HERE / "graph.pb").write_bytes(graph.as_graph_def().SerializeToString(deterministic=True))
        tf.io.write_graph(graph, str(HERE), "graph.pb.txt", as_text=True)


if __name__ == "__main__":
    functions()
    undecorated()
    reference_variables()
    tags()
    vocabulary()
    bundle()
    text_graph()
    (HERE / "expected.json").write_text(json.dumps(expected) + "\n")
