"""Writes checkpoints and NumPy files of every kind into a folder, and reads what lies in its subfolder "ours".

    python make_checkpoints.py FOLDER     prints JSON: what is in each, by the names of the variables
"""
import json
import os
import pickle
import sys

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
folder = sys.argv[1]
inside = lambda *names: os.path.join(folder, *names)
expected = {}


def plain(array):
    array = np.asarray(array)
    if array.dtype.kind in "SUO":
        data = [x.hex() if isinstance(x, bytes) else x.encode().hex() for x in array.ravel().tolist()]
        return {"dtype": "string", "shape": list(array.shape), "data": data}
    name = {"float16": "half"}.get(array.dtype.name, array.dtype.name)
    return {"dtype": name, "shape": list(array.shape), "data": np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes().hex()}


def plain_all(values):
    return {name: plain(value) for name, value in values.items()}


def saver():
    """TensorFlow 1: reference and resource variables of all types, a partitioned one, two steps, a mapping of names."""
    with tf1.Graph().as_default(), tf1.Session() as session:
        with tf1.variable_scope("layer", partitioner=tf1.fixed_size_partitioner(3, axis=0)):
            tf1.get_variable("w", [7, 2])
        with tf1.variable_scope("wide", partitioner=tf1.fixed_size_partitioner(2, axis=1)):
            tf1.get_variable("v", [2, 5])
        for dtype in (tf.float64, tf.half, tf.bfloat16, tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.bool):
            tf1.get_variable(dtype.name, initializer=tf.cast(tf.constant([[1, 0, 3]]), dtype), use_resource=True)
        tf1.get_variable("text", initializer=tf.constant([["", "a\0b"], ["é" * 200, "x"]]), use_resource=False)
        tf1.get_variable("scalar", initializer=-2.5, use_resource=False)
        tf1.get_variable("empty", [0, 3], use_resource=True)
        tf1.get_variable("complex", initializer=tf.constant(1j), use_resource=True, trainable=False)
        mean = tf1.get_variable("mean", initializer=[0.5], trainable=False, collections=["variables", "model_variables"])
        step = tf1.train.get_or_create_global_step()
        loss = tf.reduce_sum(tf1.get_default_graph().get_tensor_by_name("scalar:0") ** 2)
        train = tf1.train.AdamOptimizer().minimize(loss, step)
        session.run(tf1.global_variables_initializer())
        save = tf1.train.Saver()
        save.save(session, inside("saver", "model"), step)
        session.run(train)
        save.save(session, inside("saver", "model"), step)
        expected["saver"] = plain_all({v.op.name: session.run(v) for v in tf1.global_variables()})
        tf1.train.Saver({"other/name": mean}).save(session, inside("mapped", "model"), write_state=False)
        tf1.train.Saver([mean], write_version=tf1.train.SaverDef.V1).save(session, inside("old", "model"), write_state=False)


def objects():
    """TensorFlow 2: tf.train.Checkpoint with an optimizer and two variables of one name, Keras' save_weights."""
    inputs = tf.keras.Input((4,))
    model = tf.keras.Model(inputs, tf.keras.layers.BatchNormalization(name="bn")(tf.keras.layers.Dense(3, name="d")(inputs)))
    model.compile("adam", "mse")
    model.fit(np.ones((2, 4)), np.ones((2, 3)), verbose=0)
    model.save_weights(inside("keras", "weights.ckpt"))
    expected["keras"] = plain_all({w.name.removesuffix(":0"): w.numpy() for w in model.weights})
    twins = [tf.Variable([1.0], name="twin"), tf.Variable([2.0], name="twin")]
    checkpoint = tf.train.Checkpoint(model=model, optimizer=model.optimizer, a=twins[0], b=twins[1])
    manager = tf.train.CheckpointManager(checkpoint, inside("manager"), max_to_keep=2)
    for _ in range(3):
        manager.save()
    expected["manager"] = expected["keras"]
    legacy = tf.keras.optimizers.legacy.Adam()
    model.compile(legacy, "mse")
    model.fit(np.ones((2, 4)), np.ones((2, 3)), verbose=0)
    tf.train.Checkpoint(model=model, optimizer=legacy).write(inside("legacy", "ckpt"))
    expected["legacy"] = plain_all({w.name.removesuffix(":0"): w.numpy() for w in model.weights})


def arrays():
    kinds = "? i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8".split()
    values = {kind: np.array([[1, 0, 3], [4, 5, 6]]).astype(kind) for kind in kinds}
    values |= {
        "scalar": np.float32(2.5),
        "empty": np.zeros((0, 3), np.float32),
        "bytes": np.array([b"", b"a\0b", b"long one"]),
        "text": np.array([["é", ""], ["€uro", "𝄞"]]),
        "big/text": np.array(["ab", "é"], ">U3"),
        "fortran": np.asfortranarray(np.arange(24, dtype=np.int32).reshape(2, 3, 4)),
        "dense/kernel:0": np.arange(200, dtype=np.float32).reshape(10, 20) / 7,
        **{f"big/{kind}": values[kind].astype(np.dtype(kind).newbyteorder(">")) for kind in kinds[2:5] + kinds[9:]},
    }
    np.savez(inside("stored.npz"), **values)
    np.savez_compressed(inside("deflated.npz"), **values)
    np.save(inside("dictionary.npy"), values)
    names = ["stored.npz", "deflated.npz", "dictionary.npy"]
    for protocol in range(2, 6):
        with open(inside(f"protocol{protocol}.npy"), "wb") as file:
            np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
            pickle.dump(np.array(values, object), file, protocol=protocol)
        names.append(f"protocol{protocol}.npy")
    for name in names:
        expected[name] = plain_all(values)
    for version in ((1, 0), (2, 0), (3, 0)):
        name = f"version{version[0]}.npy"
        with open(inside(name), "wb") as file:
            np.lib.format.write_array(file, values["fortran"], version=version)
        expected[name] = plain(values["fortran"])
    bfloat16 = tf.constant([1.5, -2.0], tf.bfloat16).numpy()
    np.savez(inside("bfloat16.npz"), x=bfloat16)
    expected["bfloat16.npz"] = {"x": plain(bfloat16)}
    refused = {
        "complex": np.ones(2, np.complex64),
        "records": np.zeros(2, [("a", "i4")]),
        "call": {"x": os.getcwd},
        "number": {"x": 1.5},
        "objects": np.array([{"x": np.ones(1)}, None], object),
    }
    for name, value in refused.items():
        np.save(inside(f"refused_{name}.npy"), value)


def ours():
    """What cmsrun wrote: read by name, restored by a Saver, found as the latest, loaded by NumPy."""
    found = tf.train.latest_checkpoint(inside("ours"))
    reader = tf.train.load_checkpoint(found)
    values = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    restored = {}
    with tf1.Graph().as_default(), tf1.Session() as session:
        variables = {n: tf1.get_variable(n, initializer=tf.zeros_like(v)) for n, v in values.items() if v.dtype.kind not in "OSV"}
        tf1.train.Saver(variables).restore(session, found)
        restored = {name: session.run(variable) for name, variable in variables.items()}
    expected["ours"] = {
        "latest": os.path.basename(found),
        "kept": tf.train.get_checkpoint_state(inside("ours")).all_model_checkpoint_paths[:],
        "values": plain_all(values),
        "restored": plain_all(restored),
        "none": tf.train.load_checkpoint(inside("ours", "none")).get_variable_to_shape_map(),
        "npz": [plain_all(dict(np.load(inside("ours", name)))) for name in ("stored.npz", "deflated.npz")],
    }
    expected["ours"]["kept"] = [os.path.basename(path) for path in expected["ours"]["kept"]]


for name in ("saver", "mapped", "old", "keras", "manager", "legacy"):
    os.makedirs(inside(name), exist_ok=True)
saver()
objects()
arrays()
ours()
print(json.dumps(expected))
