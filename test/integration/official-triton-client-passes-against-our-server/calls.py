"""calls.py HTTPPORT GRPCPORT MODELFILE: what the official client can ask of a KServe server, one line of JSON a case."""
import json
import queue
import sys

import numpy as np
import tritonclient.grpc as G
import tritonclient.http as H
from tritonclient.utils import InferenceServerException

try:  # newer clients take arrays of bfloat16, older ones float32
    from ml_dtypes import bfloat16
except ImportError:
    bfloat16 = np.float32

http_port, grpc_port, model_file = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
h = H.InferenceServerClient(f"127.0.0.1:{http_port}", concurrency=8)
g = G.InferenceServerClient(f"127.0.0.1:{grpc_port}")
both = (("http", h, H), ("grpc", g, G))


def case(name, action):
    try:
        value = action()
        ok = value is None or bool(value)
    except Exception as error:  # every failure is one line of the report
        ok, value = False, f"{type(error).__name__}: {error}"
    print(json.dumps({"case": name, "ok": ok, "value": str(value)[:300]}), flush=True)


def refused(status, action):
    """Whether the server refuses with one of these words in the status, and a message."""
    try:
        action()
        return False
    except InferenceServerException as error:
        return any(word in str(error.status()) for word in status.split("|")) and error.message() != ""


bad, absent, late = "400|INVALID_ARGUMENT", "404|NOT_FOUND", "504|DEADLINE_EXCEEDED"
unready, unsupported = "400|UNAVAILABLE", "400|UNIMPLEMENTED"


def tensor(M, array, datatype="FP32", name="x", **options):
    made = M.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array, **options)
    return made


def floats(*rows):
    return np.array(rows, np.float32)


arrays = {
    "echo_bool": ("BOOL", np.array([[True, False, True]])),
    "echo_int8": ("INT8", np.array([[-128, 0, 127]], np.int8)),
    "echo_int16": ("INT16", np.array([[-32768, 5, 32767]], np.int16)),
    "echo_int32": ("INT32", np.array([[-(2**31), 5, 2**31 - 1]], np.int32)),
    "echo_int64": ("INT64", np.array([[-(2**63), 2**53 + 1, 2**63 - 1]], np.int64)),
    "echo_uint8": ("UINT8", np.array([[0, 255]], np.uint8)),
    "echo_uint16": ("UINT16", np.array([[0, 65535]], np.uint16)),
    "echo_uint32": ("UINT32", np.array([[0, 2**32 - 1]], np.uint32)),
    "echo_uint64": ("UINT64", np.array([[0, 2**53 + 1, 2**64 - 1]], np.uint64)),
    "echo_fp16": ("FP16", np.array([[0.5, -2.25, 65504.0]], np.float16)),
    "echo_bf16": ("BF16", np.array([[0.5, -2.25, 1024.0]], bfloat16)),
    "echo_fp32": ("FP32", floats([0.1, -1e30, 3.4e38, -0.0])),
    "echo_fp64": ("FP64", np.array([[0.1, -1e300, 5e-324]], np.float64)),
    "echo_bytes": ("BYTES", np.array([["", "text", "ä€𝄞"]], dtype=object)),
}


def echo(M, client, model="echo_fp32", binary_in=True, binary_out=True, **options):
    """Whether a model that gives back what it gets does so, bit by bit."""
    datatype, array = arrays[model]
    inputs = [tensor(M, array, datatype, **({"binary_data": binary_in} if M is H else {}))]
    wanted = [M.InferRequestedOutput("y", **({"binary_data": binary_out} if M is H else {}))]
    answer = client.infer(model, inputs, outputs=wanted, **options).as_numpy("y")
    if datatype == "BYTES":
        texts = [v.decode() if isinstance(v, bytes) else str(v) for v in answer.reshape(-1)]
        return texts == list(array.reshape(-1))
    return answer.shape == array.shape and answer.astype(array.dtype).tobytes() == array.tobytes()


for model, (datatype, _) in arrays.items():
    case(f"http {datatype} binary", lambda: echo(H, h, model))
    if datatype != "BF16":  # the client has no JSON of it; nor of FP16 on its way in
        case(f"http {datatype} JSON out", lambda: echo(H, h, model, True, False))
    if datatype not in ("BF16", "FP16"):
        case(f"http {datatype} JSON in", lambda: echo(H, h, model, False, True))
        case(f"http {datatype} JSON", lambda: echo(H, h, model, False, False))
    case(f"grpc {datatype}", lambda: echo(G, g, model))

big = np.random.default_rng(1).normal(size=(300, 1000)).astype(np.float32)


def large(M, client, **options):
    return (client.infer("echo_fp32", [tensor(M, big)], **options).as_numpy("y") == big).all()


for coding in ("gzip", "deflate"):
    request, response = {"request_compression_algorithm": coding}, {"response_compression_algorithm": coding}
    case(f"http request in {coding}", lambda: large(H, h, **request))
    case(f"http response in {coding}", lambda: large(H, h, **response))
    case(f"http JSON in {coding}", lambda: echo(H, h, "echo_fp32", False, False, **request, **response))
    case(f"grpc in {coding}", lambda: large(G, g, compression_algorithm=coding))


def without_numbers():
    inputs = [tensor(H, floats([np.nan, np.inf, -np.inf]))]
    answer = h.infer("echo_fp32", inputs, outputs=[H.InferRequestedOutput("y", binary_data=False)])
    return [str(v) for v in answer.as_numpy("y").reshape(-1)] == ["nan", "inf", "-inf"]


case("http numbers that JSON has not", without_numbers)


def classes(M, client):
    inputs = [tensor(M, floats([0.25, 0.5, 0.125], [3, 2, 1]))]
    answer = client.infer("labelled", inputs, outputs=[M.InferRequestedOutput("y", class_count=2)]).as_numpy("y")
    found = [v.decode() for v in answer.reshape(-1)]
    return answer.shape == (2, 2) and found == ["0.5:1:dog", "0.25:0:cat", "3:0:cat", "2:1:dog"]


def identified(M, client):
    answer = client.infer("echo_fp32", [tensor(M, floats([0]))], request_id="7").get_response()
    return (answer["id"] if M is H else answer.id) == "7"


def configuration(M, client, model):
    return client.get_model_config(model) if M is H else client.get_model_config(model, as_json=True)["config"]


def configured(M, client):
    config = configuration(M, client, "labelled")
    agent = config["model_repository_agents"]["agents"][0]
    batching = config["dynamic_batching"]
    sums = agent["parameters"]["MD5:1/model.pb"]
    return config["max_batch_size"] == 4 and batching["preferred_batch_size"] == [3] and sums == "0"


def state(M, client, model):
    index = client.get_model_repository_index() if M is H else client.get_model_repository_index(as_json=True)["models"]
    return [(m["state"], m.get("reason", "")) for m in index if m["name"] == model]


def reconfigured(M, client):
    client.load_model("mlp", config=json.dumps({"max_batch_size": 2, "version_policy": {"all": {}}}))
    return configuration(M, client, "mlp")["max_batch_size"] == 2


def sent(client, model, path):
    with open(model_file, "rb") as file:
        client.load_model(model, config="{}", files={f"file:{path}": file.read()})
    return client.is_model_ready(model)


def counted(M, client):
    all_models = client.get_inference_statistics()
    return len(all_models["model_stats"] if M is H else all_models.model_stats) > 10


def regions(M, client):
    status = client.get_system_shared_memory_status()
    return len(status if M is H else status.regions) == 0


def loaded(client, model):
    client.load_model(model)
    return client.is_model_ready(model)


def unloaded(client, model):
    client.unload_model(model)
    return not client.is_model_ready(model)


one = floats([1, 2])
tracing = {"trace_level": ["TIMESTAMPS"]}
for name, client, M in both:
    case(f"{name} more rows than a batch", lambda: large(M, client))
    case(f"{name} with time enough", lambda: echo(M, client, timeout=5_000_000))
    case(f"{name} without time", lambda: refused(late, lambda: echo(M, client, timeout=1)))
    case(f"{name} classification", lambda: classes(M, client))
    case(f"{name} id is given back", lambda: identified(M, client))
    case(f"{name} configuration", lambda: configured(M, client))
    case(f"{name} unload", lambda: unloaded(client, "sum"))
    case(f"{name} index after unload", lambda: state(M, client, "sum") == [("UNAVAILABLE", "unloaded")])
    case(f"{name} infer of an unloaded model", lambda: refused(unready, lambda: client.infer("sum", [])))
    case(f"{name} load", lambda: loaded(client, "sum"))
    case(f"{name} load of no model", lambda: refused(absent, lambda: client.load_model("nowhere")))
    case(f"{name} load with a configuration", lambda: reconfigured(M, client))
    misspelt = '{"max_batchsize": 2}'
    case(f"{name} misspelt configuration", lambda: refused(bad, lambda: client.load_model("mlp", config=misspelt)))
    case(f"{name} still ready after that", lambda: client.is_model_ready("mlp"))
    case(f"{name} load of files", lambda: sent(client, f"sent_{name}", "1/model.pb"))
    case(f"{name} load of files outside", lambda: refused(bad, lambda: sent(client, f"sent_{name}", "../x.pb")))
    case(f"{name} statistics of all", lambda: counted(M, client))
    case(f"{name} shared memory status", lambda: regions(M, client))
    register = lambda: client.register_system_shared_memory("a", "/a", 8)
    case(f"{name} shared memory is refused", lambda: refused(unsupported, register))
    case(f"{name} trace settings are told", lambda: client.get_trace_settings() is not None)
    change = lambda: client.update_trace_settings(settings=tracing)
    case(f"{name} trace settings are not changed", lambda: refused(unsupported, change))
    partial = lambda: client.infer("sum", [tensor(M, one, name="a")])
    case(f"{name} missing input", lambda: refused(bad, partial))
    other = lambda: client.infer("echo_fp32", [tensor(M, one)], outputs=[M.InferRequestedOutput("q")])
    case(f"{name} wrong output", lambda: refused(bad, other))


def concurrent():
    calls = [(i, h.async_infer("echo_fp32", [tensor(H, floats([i, i]))])) for i in range(32)]
    return all((call.get_result().as_numpy("y") == i).all() for i, call in calls)


def stream():
    answers = queue.Queue()
    client = G.InferenceServerClient(f"127.0.0.1:{grpc_port}")
    client.start_stream(lambda result, error: answers.put((result, error)))
    for i in range(100):
        inputs = [tensor(G, floats([i, i]), name="zzz" if i == 50 else "x")]
        client.async_stream_infer("echo_fp32", inputs, request_id=str(i))
    got = [answers.get(timeout=20) for _ in range(100)]
    client.stop_stream()
    client.close()
    _, error = got.pop(50)
    numbers = [i for i in range(100) if i != 50]
    same = all((r.as_numpy("y") == i).all() and r.get_response().id == str(i) for i, (r, _) in zip(numbers, got))
    return same and "zzz" in error.message()


case("http asynchronous", concurrent)
case("grpc stream, in order, with an error in the middle", stream)
case("no model is left half-loaded", lambda: all(m["state"] == "READY" for m in h.get_model_repository_index()))
