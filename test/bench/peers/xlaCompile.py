"""Compiles a SavedModel with XLA for each given batch size, as cms_tfaot_compile does: SAVED_MODEL FOLDER CPU BATCH…"""
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf
from tensorflow.python.tools import saved_model_aot_compile, saved_model_utils

source, folder, cpu, *batches = sys.argv[1:]
static = os.path.join(folder, "static")
model = tf.saved_model.load(source)
function = model.signatures["serving_default"]


def of_batch(batch):
    """The function for one batch size; a function of its own, as TensorFlow 1's do not take keywords otherwise."""
    specs = {
        name: tf.TensorSpec([batch if size is None else size for size in spec.shape], spec.dtype, name=name)
        for name, spec in function.structured_input_signature[1].items()
    }
    return tf.function(lambda **inputs: function(**inputs)).get_concrete_function(**specs)


tf.saved_model.save(model, static, signatures={f"b{batch}": of_batch(int(batch)) for batch in batches})
meta_graph = saved_model_utils.get_meta_graph_def(static, "serve")
for batch in batches:
    saved_model_aot_compile.aot_compile_cpu_meta_graph_def(
        checkpoint_path=f"{static}/variables/variables",
        meta_graph_def=meta_graph,
        output_prefix=f"{folder}/b{batch}",
        signature_def_key=f"b{batch}",
        cpp_class="Model",
        target_triple="x86_64-unknown-linux",
        target_cpu=cpu,
        variables_to_feed=(),
        multithreading=False,
    )
