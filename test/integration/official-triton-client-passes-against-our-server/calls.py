"""calls.py HTTPPORT GRPCPORT: what the official client can ask of a KServe server, one line of JSON a case."""
import json, queue, sys
import numpy as np
import tritonclient.grpc as G
import tritonclient.http as H
from tritonclient.utils import InferenceServerException

try:  # clients since 2.70 take bfloat16 arrays, older ones float32
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
        print(json.dumps({"case": name, "ok": value is None or bool(value), "value": str(value)[:300]}), flush=True)
    except Exception as error:  # every failure is one line of the report
        print(json.dumps({"case": name, "ok": False, "value": f"{type(error).__name__}: {error}"[:300]}), flush=True)


def refused(action, status):
    """Passes when the server refuses with one of these words in the status."""
    try:
        return f"not refused: {action()}" and False
    except InferenceServerException as error:
        return any(word in str(error.status()) for word in status.split("|")) and error.message() != ""


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
    "echo_fp32": ("FP32", np.array([[0.1, -1e30, 3.4e38, -0.0]], np.float32)),
    "echo_fp64": ("FP64", np.array([[0.1, -1e300, 5e-324]], np.float64)),
    "echo_bytes": ("BYTES", np.array([["", "text", "ä€𝄞"]], dtype=object)),
}


def echo(M, client, model, binary_in=True, binary_out=True, **options):
    datatype, array = arrays[model]
    one = M.InferInput("x", list(array.shape), datatype)
    if M is H:
        one.set_data_from_numpy(array, binary_data=binary_in)
        wanted = [H.InferRequestedOutput("y", binary_data=binary_out)]
    else:
        one.set_data_from_numpy(array)
        wanted = [G.InferRequestedOutput("y")]
    answer = client.infer(model, [one], outputs=wanted, **options).as_numpy("y")
    if datatype == "BYTES":
        texts = [v.decode() if isinstance(v, bytes) else str(v) for v in answer.reshape(-1)]
        return texts == list(array.reshape(-1))
    same = answer.astype(array.dtype).reshape(-1)
    return answer.shape == array.shape and same.tobytes() == array.tobytes()


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
    one = M.InferInput("x", list(big.shape), "FP32")
    one.set_data_from_numpy(big)
    return (client.infer("echo_fp32", [one], **options).as_numpy("y") == big).all()


for coding in ("gzip", "deflate"):
    case(f"http request in {coding}", lambda: large(H, h, request_compression_algorithm=coding))
    case(f"http response in {coding}", lambda: large(H, h, response_compression_algorithm=coding))
    case(f"http JSON in {coding}", lambda: echo(H, h, "echo_fp32", False, False, request_compression_algorithm=coding, response_compression_algorithm=coding))
    case(f"grpc in {coding}", lambda: large(G, g, compression_algorithm=coding))
case("http more rows than a batch", lambda: large(H, h))
case("grpc more rows than a batch", lambda: large(G, g))
case("http header 0 is not needed by the client", lambda: echo(H, h, "echo_fp32", timeout=5_000_000))
case("grpc client timeout", lambda: echo(G, g, "echo_fp32", client_timeout=5.0, timeout=5_000_000))


case("http numbers that JSON has not, out", lambda: [str(v) for v in h.infer("echo_fp32", [(lambda i: (i.set_data_from_numpy(np.array([[np.nan, np.inf, -np.inf]], np.float32)), i)[1])(H.InferInput("x", [1, 3], "FP32"))], outputs=[H.InferRequestedOutput("y", binary_data=False)]).as_numpy("y").reshape(-1)] == ["nan", "inf", "-inf"])


def classes(M, client):
    one = M.InferInput("x", [2, 3], "FP32")
    one.set_data_from_numpy(np.array([[0.25, 0.5, 0.125], [3, 2, 1]], np.float32))
    wanted = [M.InferRequestedOutput("y", class_count=2)]
    answer = client.infer("labelled", [one], outputs=wanted).as_numpy("y")
    return [v.decode() for v in answer.reshape(-1)] == ["0.5:1:dog", "0.25:0:cat", "3:0:cat", "2:1:dog"] and answer.shape == (2, 2)


for name, client, M in both:
    case(f"{name} classification", lambda: classes(M, client))
    case(f"{name} id is given back", lambda: "7" == (lambda r: r["id"] if M is H else r.id)(client.infer("echo_fp32", [(lambda i: (i.set_data_from_numpy(np.zeros((1, 1), np.float32)), i)[1])(M.InferInput("x", [1, 1], "FP32"))], request_id="7").get_response()))
case("http asynchronous", lambda: all((r.get_result().as_numpy("y") == i).all() for i, r in [(i, h.async_infer("echo_fp32", [(lambda x: (x.set_data_from_numpy(np.full((1, 4), i, np.float32)), x)[1])(H.InferInput("x", [1, 4], "FP32"))])) for i in range(32)]))


def stream():
    answers = queue.Queue()
    client = G.InferenceServerClient(f"127.0.0.1:{grpc_port}")
    client.start_stream(lambda result, error: answers.put((result, error)))
    for i in range(100):
        one = G.InferInput("x" if i != 50 else "zzz", [1, 2], "FP32")
        one.set_data_from_numpy(np.full((1, 2), i, np.float32))
        client.async_stream_infer("echo_fp32", [one], request_id=str(i))
    got = [answers.get(timeout=20) for _ in range(100)]
    client.stop_stream()
    client.close()
    fine = all((r.as_numpy("y") == i).all() and r.get_response().id == str(i) for i, (r, e) in enumerate(got) if i != 50)
    return fine and got[50][1] is not None and "zzz" in got[50][1].message()


case("grpc stream, in order, with an error in the middle", stream)

for name, client, M in both:
    config = client.get_model_config("labelled") if M is H else client.get_model_config("labelled", as_json=True)["config"]
    case(f"{name} configuration", lambda: config["max_batch_size"] == 4 and config["dynamic_batching"]["preferred_batch_size"] == [3] and config["model_repository_agents"]["agents"][0]["parameters"]["MD5:1/model.pb"] == "0")
    case(f"{name} unload", lambda: client.unload_model("sum") is None and not client.is_model_ready("sum"))
    case(f"{name} index after unload", lambda: any((m["name"], m["state"], m.get("reason")) == ("sum", "UNAVAILABLE", "unloaded") for m in (client.get_model_repository_index() if M is H else client.get_model_repository_index(as_json=True)["models"])))
    case(f"{name} infer of an unloaded model", lambda: refused(lambda: client.infer("sum", []), "400|UNAVAILABLE"))
    case(f"{name} load", lambda: client.load_model("sum") is None and client.is_model_ready("sum"))
    case(f"{name} load of a model that is not there", lambda: refused(lambda: client.load_model("nowhere"), "404|NOT_FOUND"))
    override = json.dumps({"max_batch_size": 2, "version_policy": {"all": {}}})
    case(f"{name} load with a configuration", lambda: client.load_model("mlp", config=override) is None and (client.get_model_config("mlp") if M is H else client.get_model_config("mlp", as_json=True)["config"])["max_batch_size"] == 2)
    case(f"{name} load with a misspelt configuration", lambda: refused(lambda: client.load_model("mlp", config='{"max_batchsize": 2}'), "400|INVALID_ARGUMENT"))
    case(f"{name} still ready after that", lambda: client.is_model_ready("mlp"))
    case(f"{name} load of files", lambda: client.load_model(f"sent_{name}", config="{}", files={"file:1/model.pb": open(model_file, "rb").read()}) is None and client.is_model_ready(f"sent_{name}"))
    case(f"{name} load of files outside", lambda: refused(lambda: client.load_model(f"sent_{name}", config="{}", files={"file:../../x.pb": b"x"}), "400|INVALID_ARGUMENT"))
    case(f"{name} statistics of all", lambda: len(client.get_inference_statistics()["model_stats"] if M is H else client.get_inference_statistics().model_stats) > 10)
    case(f"{name} shared memory status", lambda: client.get_system_shared_memory_status() in ([], {}) or len(client.get_system_shared_memory_status().regions) == 0)
    case(f"{name} shared memory is refused", lambda: refused(lambda: client.register_system_shared_memory("a", "/a", 8), "400|UNIMPLEMENTED"))
    case(f"{name} trace settings are told", lambda: client.get_trace_settings() is not None)
    case(f"{name} trace settings are not changed", lambda: refused(lambda: client.update_trace_settings(settings={"trace_level": ["TIMESTAMPS"]}), "400|UNIMPLEMENTED"))
    case(f"{name} missing input", lambda: refused(lambda: client.infer("sum", [(lambda i: (i.set_data_from_numpy(np.zeros((1, 2), np.float32)), i)[1])(M.InferInput("a", [1, 2], "FP32"))]), "400|INVALID_ARGUMENT"))
    case(f"{name} wrong output", lambda: refused(lambda: client.infer("echo_fp32", [(lambda i: (i.set_data_from_numpy(np.zeros((1, 2), np.float32)), i)[1])(M.InferInput("x", [1, 2], "FP32"))], outputs=[M.InferRequestedOutput("q")]), "400|INVALID_ARGUMENT"))
    case(f"{name} timeout", lambda: refused(lambda: echo(M, client, "echo_fp32", timeout=1), "504|DEADLINE_EXCEEDED"))
case("no models are left half-loaded", lambda: all(m["state"] == "READY" for m in h.get_model_repository_index() if m["name"] not in ("nowhere",)))
