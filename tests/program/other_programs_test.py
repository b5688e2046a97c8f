"""Models must open in NumPy and PyTorch and predict there what they predict here, and the other way
round. Usage: other_programs_test.py PROGRAM SAMPLE_FOLDER. Exit code 77: there is no NumPy."""

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


def main():
    program, sample = sys.argv[1], Path(sys.argv[2])
    images_file = sample / "t10k-images-idx3-ubyte.gz"

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

        numpy.savez(folder / "plain.npz", **arrays)
        numpy.savez_compressed(folder / "packed.npz", **arrays)
        write_safetensors(folder / "other.safetensors", arrays)
        for file in ("plain.npz", "packed.npz", "other.safetensors"):
            assert predict(folder / file) == expected, file
        weights = next(line for line in run("info", model).splitlines() if "xxh128" in line)
        assert weights in run("info", folder / "packed.npz").splitlines()
    others = f"NumPy {numpy.__version__}" + (f", PyTorch {torch.__version__}" if torch else "")
    print(f"{len(expected)} labels agree with {others}")


main()
