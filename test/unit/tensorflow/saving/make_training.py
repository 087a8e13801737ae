"""Writes what TensorFlow 1 leaves of a training: FOLDER/model.meta and its checkpoint, and FOLDER/expected.json.

    python make_training.py FOLDER

The graph has a queue that feeds, an inference part, batch normalisation, partitioned variables, summaries, Adam and a
Saver. Variables are of both kinds: references, one of them in parts, and
resources.
"""
import json
import sys

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
tf1.disable_eager_execution()
folder = sys.argv[1]


def training(folder, use_resource):
    tf1.reset_default_graph()
    tf1.set_random_seed(1)
    with tf1.variable_scope("net", use_resource=use_resource):
        queue = tf.queue.FIFOQueue(100, [tf.float32, tf.float32], shapes=[[4], [1]], name="samples")
        features, labels = queue.dequeue_many(8, name="batch")
        x = tf1.placeholder(tf.float32, [None, 4], "x")
        enqueue = queue.enqueue_many([x, tf1.placeholder(tf.float32, [None, 1], "y")])

        def tower(inputs, reuse):
            with tf1.variable_scope("tower", reuse=reuse):
                w = tf1.get_variable("w", [4, 6], initializer=tf1.glorot_uniform_initializer(),
                                     partitioner=None if use_resource else tf1.fixed_size_partitioner(2))
                b = tf1.get_variable("b", [6], initializer=tf1.random_normal_initializer())
                v = tf1.get_variable("v", [6, 1], initializer=tf1.random_normal_initializer())
                with tf1.device("/cpu:0"):
                    hidden = tf.nn.relu(tf.matmul(inputs, tf.convert_to_tensor(w)) + b)
                return tf.sigmoid(tf.matmul(hidden, v), name="score")

        trained = tower(features, False)
        tower(x, True)
        loss = tf.reduce_mean(tf.square(trained - labels), name="loss")
        tf1.summary.scalar("loss", loss)
        tf1.summary.histogram("score", trained)
        merged = tf1.summary.merge_all()
        step = tf1.train.AdamOptimizer(0.01).minimize(loss)
    saver = tf1.train.Saver()
    with tf1.Session() as session:
        session.run(tf1.global_variables_initializer())
        rng = np.random.default_rng(2)
        for _ in range(3):
            inputs = rng.normal(size=(8, 4)).astype(np.float32)
            session.run(enqueue, {"net/x:0": inputs, "net/y:0": (inputs[:, :1] > 0).astype(np.float32)})
            session.run([step, merged])
        saver.save(session, f"{folder}/model")
        name = next(op.name for op in session.graph.get_operations()
                    if op.type == "Sigmoid" and op.name.endswith("score") and "_1" in op.name)
        inputs = rng.normal(size=(5, 4)).astype(np.float32)
        output = session.run(f"{name}:0", {"net/x:0": inputs})
        nodes = len(session.graph.as_graph_def().node)
    return {"output": name, "x": inputs.tolist(), "y": output.tolist(), "nodes": nodes}


expected = {}
for kind in ("reference", "resource"):
    tf.io.gfile.makedirs(f"{folder}/{kind}")
    expected[kind] = training(f"{folder}/{kind}", kind == "resource")
with open(f"{folder}/expected.json", "w") as file:
    json.dump(expected, file)
