"""Models must open in NumPy and PyTorch and predict there what they predict here, and the other way
round; as ONNX they must be sound and compute the same.
Usage: other_programs_test.py PROGRAM SAMPLE_FOLDER DATA_FOLDER, with the images to predict in the last one
if it exists, else in the sample. Exit code 77: there is no NumPy."""

import gzip
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

SKIPPED = 77

try:
    import numpy
except ImportError:
    print("skipped: this Python has no NumPy")
    sys.exit(SKIPPED)
try:
    import torch
except ImportError:
    torch = None
    print("PyTorch is not there; NumPy only")
try:
    import onnx
    import onnx.numpy_helper
except ImportError:
    onnx = None
    print("the onnx package is not there; ONNX is read by this script alone")


def read_safetensors(path):
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    data = content[8 + length :]
    metadata = header.pop("__metadata__")
    arrays = {}
    for name, tensor in header.items():
        begin, end = tensor["data_offsets"]
        assert tensor["dtype"] == "F32"
        arrays[name] = numpy.frombuffer(data[begin:end], "<f4").reshape(tensor["shape"])
    return arrays, metadata


def write_safetensors(path, arrays):
    """As the safetensors package does: names sorted, its own metadata."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name in sorted(arrays):
        begin = len(data)
        data += arrays[name].astype("<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(arrays[name].shape),
            "data_offsets": [begin, len(data)],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def read_images(path):
    content = gzip.open(path).read()
    count, height, width = struct.unpack(">III", content[4:16])
    pixels = numpy.frombuffer(content, "u1", offset=16).reshape(count, height * width)
    return pixels.astype("f4") / 255


def numpy_labels(arrays, images):
    layers = len(arrays) // 2
    x = images
    for layer in range(1, layers + 1):
        x = x @ arrays[f"fc{layer}.weight"].T + arrays[f"fc{layer}.bias"]
        if layer < layers:
            x = numpy.maximum(x, 0)
    return x.argmax(axis=1).tolist()


def torch_labels(arrays, images):
    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = torch.nn.Linear(784, 128)
            self.fc2 = torch.nn.Linear(128, 64)
            self.fc3 = torch.nn.Linear(64, 10)

        def forward(self, x):
            return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))

    network = Network()
    network.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    with torch.no_grad():
        return network(torch.from_numpy(images)).argmax(dim=1).tolist()


def read_protobuf(content):
    """The values of each field of a message, in their order: numbers and bytes."""
    fields, position = {}, 0

    def varint():
        nonlocal position
        value, shift = 0, 0
        while True:
            byte = content[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(content):
        key = varint()
        assert key & 7 in (0, 2), key
        value = varint()
        if key & 7 == 2:
            value, position = content[position : position + value], position + value
            assert position <= len(content)
        fields.setdefault(key >> 3, []).append(value)
    return fields


def dimensions_of(value_info):
    """[N, size] of a ValueInfoProto of floats."""
    tensor = read_protobuf(read_protobuf(read_protobuf(value_info)[2][0])[1][0])
    assert tensor[1] == [1]
    count, size = map(read_protobuf, read_protobuf(tensor[2][0])[1])
    return count[2][0].decode(), size[1][0]


def run_onnx(content, images):
    """Computes a graph of Gemm and Relu as the ONNX standard says."""
    model = read_protobuf(content)
    assert read_protobuf(model[8][0]) == {2: [13]}
    graph = read_protobuf(model[7][0])
    assert dimensions_of(graph[11][0]) == ("N", 784)
    assert dimensions_of(graph[12][0]) == ("N", 10)
    values = {read_protobuf(graph[11][0])[1][0]: images}
    for tensor in map(read_protobuf, graph[5]):
        assert tensor[2] == [1]
        values[tensor[8][0]] = numpy.frombuffer(tensor[9][0], "<f4").reshape(tensor[1])
    for node in map(read_protobuf, graph[1]):
        inputs = [values[name] for name in node[1]]
        if node[4] == [b"Relu"]:
            result = numpy.maximum(inputs[0], 0)
        else:
            assert node[4] == [b"Gemm"]
            assert [read_protobuf(a) for a in node[5]] == [{1: [b"transB"], 3: [1], 20: [2]}]
            result = inputs[0] @ inputs[1].T + inputs[2]
        values[node[2][0]] = result
    metadata = {m[1][0].decode(): m[2][0].decode() for m in map(read_protobuf, model[14])}
    return values[read_protobuf(graph[12][0])[1][0]], metadata


def check_with_onnx_package(path, arrays):
    model = onnx.load(str(path))
    onnx.checker.check_model(model, full_check=True)
    assert model.producer_name == "tensor_relu_parallel"
    stored = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    assert list(stored) == list(arrays)
    for name, array in arrays.items():
        assert numpy.array_equal(stored[name], array), name


def main():
    program, sample, data = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    images_file = (data if data.exists() else sample) / "t10k-images-idx3-ubyte.gz"

    def run(*arguments):
        command = [program, *map(str, arguments)]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def predict(model):
        return [int(line) for line in run("predict", model, images_file).split()]

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = folder / "model.safetensors"
        run("--data", sample, "--epochs", 3, "-q", "--save", model)
        run("export", model, folder / "model.npz")
        expected = predict(model)
        images = read_images(images_file)

        arrays, metadata = read_safetensors(model)
        assert list(arrays) == [f"fc{n}.{part}" for n in (1, 2, 3) for part in ("weight", "bias")]
        assert metadata["layers"] == "784,128,64,10", metadata
        assert numpy_labels(arrays, images) == expected
        with numpy.load(folder / "model.npz") as npz:
            from_npz = dict(npz)
        assert list(from_npz) == list(arrays)
        for name, array in arrays.items():
            assert numpy.array_equal(from_npz[name], array), name
        if torch is not None:
            assert torch_labels(arrays, images) == expected

        as_onnx = folder / "model.onnx"
        run("export", folder / "model.npz", as_onnx)
        logits, onnx_metadata = run_onnx(as_onnx.read_bytes(), images)
        assert logits.argmax(axis=1).tolist() == expected
        assert onnx_metadata == {n: t for n, t in metadata.items() if n not in ("program", "digest")}
        if onnx is not None:
            check_with_onnx_package(as_onnx, arrays)

        numpy.savez(folder / "plain.npz", **arrays)
        numpy.savez_compressed(folder / "packed.npz", **arrays)
        write_safetensors(folder / "other.safetensors", arrays)
        for file in ("plain.npz", "packed.npz", "other.safetensors"):
            assert predict(folder / file) == expected, file
        weights = next(line for line in run("info", model).splitlines() if "xxh128" in line)
        assert weights in run("info", folder / "packed.npz").splitlines()
    others = [numpy] + [package for package in (torch, onnx) if package]
    names = ", ".join(f"{package.__name__} {package.__version__}" for package in others)
    print(f"{len(expected)} labels agree with {names}")


main()
