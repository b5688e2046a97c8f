"""usage: methods.py PROGRAM SAMPLE_FOLDER

Trains 60 steps by every method that PyTorch has too, from the same weights, and compares the mean
losses and the weights with PyTorch's in double precision. Exit code 77, skipped, without PyTorch.
"""
import gzip
import json
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

SIZES = [784, 32, 16, 10]
SAMPLES, BATCH, EPOCHS = 640, 32, 3
MAX_LOSS_ERROR, MAX_WEIGHT_ERROR = 1e-6, 2e-5


def sgd(parameters, **options):
    return torch.optim.SGD(parameters, lr=0.05, **options)


# Options of the program, what makes the optimizer in PyTorch, and what else differs.
METHODS = [
    ("--momentum 0", lambda p: sgd(p), {}),
    ("--momentum 0.9", lambda p: sgd(p, momentum=0.9), {}),
    ("--nesterov", lambda p: sgd(p, momentum=0.9, nesterov=True), {}),
    ("--nesterov --weight-decay 0.01",
     lambda p: sgd(p, momentum=0.9, nesterov=True, weight_decay=0.01), {}),
    ("--optimizer adam", lambda p: torch.optim.Adam(p, lr=0.001), {}),
    ("--optimizer adam --weight-decay 0.01 --beta1 0.8 --beta2 0.99 --eps 1e-6 --lr 0.002",
     lambda p: torch.optim.Adam(p, lr=0.002, weight_decay=0.01, betas=(0.8, 0.99), eps=1e-6), {}),
    ("--optimizer adamw --weight-decay 0.05",
     lambda p: torch.optim.AdamW(p, lr=0.001, weight_decay=0.05), {}),
    ("--clip-norm 0.5", lambda p: sgd(p, momentum=0.9), {"clip": 0.5}),
    ("--label-smoothing 0.1", lambda p: sgd(p, momentum=0.9), {"smoothing": 0.1}),
    ("--class-weights balanced", lambda p: sgd(p, momentum=0.9), {"balanced": True}),
    ("--class-weights balanced --label-smoothing 0.2", lambda p: sgd(p, momentum=0.9),
     {"balanced": True, "smoothing": 0.2}),
    ("--normalize center", lambda p: sgd(p, momentum=0.9), {"normalize": "center"}),
    ("--normalize standard --lr 0.01",
     lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9), {"normalize": "standard"}),
    ("--normalize standard --optimizer adam --clip-norm 1",
     lambda p: torch.optim.Adam(p, lr=0.001), {"normalize": "standard", "clip": 1}),
]


def read_idx(path):
    with gzip.open(path, "rb") as file:
        data = file.read()
    rank = data[3]
    shape = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(rank)]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def train_in_torch(weights, images, labels, make_optimizer, differences):
    """Returns the mean loss of the epoch so far after each step, and the weights."""
    x, y = torch.from_numpy(images), torch.from_numpy(labels)
    normalize = differences.get("normalize")
    mean = x.mean(0) if normalize else torch.zeros(x.shape[1], dtype=x.dtype)
    deviation = x.std(0, unbiased=False) if normalize == "standard" else torch.ones_like(mean)
    deviation[deviation == 0] = 1
    parameters = [torch.from_numpy(w.astype(np.float64)) for w in weights]
    # What the program is given takes the inputs as they are.
    parameters[1] += parameters[0] @ mean
    parameters[0] *= deviation
    for parameter in parameters:
        parameter.requires_grad_()
    class_weights = None
    if differences.get("balanced"):
        counts = torch.bincount(y, minlength=SIZES[-1])
        class_weights = len(y) / (SIZES[-1] * counts.double())
    criterion = torch.nn.CrossEntropyLoss(class_weights,
                                          label_smoothing=differences.get("smoothing", 0.0))
    optimizer = make_optimizer(parameters)
    losses = []
    for _ in range(EPOCHS):
        total = 0.0
        for step, begin in enumerate(range(0, SAMPLES, BATCH)):
            h = (x[begin:begin + BATCH] - mean) / deviation
            for layer in range(len(SIZES) - 1):
                h = h @ parameters[2 * layer].T + parameters[2 * layer + 1]
                if layer < len(SIZES) - 2:
                    h = torch.relu(h)
            loss = criterion(h, y[begin:begin + BATCH])
            optimizer.zero_grad()
            loss.backward()
            if "clip" in differences:
                torch.nn.utils.clip_grad_norm_(parameters, differences["clip"])
            optimizer.step()
            total += loss.item()
            losses.append(total / (step + 1))
    final = [parameter.detach().clone() for parameter in parameters]
    final[1] -= final[0] / deviation @ mean
    return losses, [parameter.numpy() for parameter in final], deviation.numpy()


def train_in_program(program, folder, init, options):
    saved = os.path.join(folder, "saved.npz")
    command = [program, "--data", SAMPLE, "--init", init, "--no-shuffle", "--limit", str(SAMPLES),
               "--batch-size", str(BATCH), "--epochs", str(EPOCHS), "--lr-schedule", "constant",
               "--hidden", ",".join(map(str, SIZES[1:-1])), "--format", "jsonl", "-q",
               "--log-interval", "1", "-o", saved, "--force"] + options.split()
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    losses = [event["train_loss"] for event in map(json.loads, lines) if event["event"] == "step"]
    with np.load(saved) as arrays:
        return losses, [arrays[name] for name in array_names()]


def array_names():
    return [f"fc{layer}.{kind}" for layer in range(1, len(SIZES)) for kind in ("weight", "bias")]


def main():
    random = np.random.default_rng(1)
    weights = []
    for inputs, outputs in zip(SIZES, SIZES[1:]):
        bound = (6 / inputs) ** 0.5
        weights.append(random.uniform(-bound, bound, (outputs, inputs)).astype(np.float32))
        weights.append(random.uniform(-0.1, 0.1, outputs).astype(np.float32))
    images = read_idx(os.path.join(SAMPLE, "train-images-idx3-ubyte.gz"))[:SAMPLES]
    labels = read_idx(os.path.join(SAMPLE, "train-labels-idx1-ubyte.gz"))[:SAMPLES]
    images = images.reshape(SAMPLES, -1).astype(np.float64) / 255
    labels = labels.astype(np.int64)
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        init = os.path.join(folder, "init.npz")
        np.savez(init, **dict(zip(array_names(), weights)))
        for options, make_optimizer, differences in METHODS:
            expected, expected_weights, deviation = train_in_torch(weights, images, labels,
                                                                   make_optimizer, differences)
            losses, found = train_in_program(PROGRAM, folder, init, options)
            found[0] = found[0] * deviation  # as they were trained
            loss_error = np.abs(np.array(losses) - np.array(expected)).max()
            weight_error = max(np.abs(a - b).max() for a, b in zip(found, expected_weights))
            ok = loss_error <= MAX_LOSS_ERROR and weight_error <= MAX_WEIGHT_ERROR
            bad += not ok
            print(f"{'ok ' if ok else 'BAD'} loss {loss_error:.1e}, weights {weight_error:.1e}: "
                  f"{options}")
    print(f"{len(METHODS) - bad} of {len(METHODS)} methods agree with PyTorch {torch.__version__}")
    return 1 if bad else 0


PROGRAM, SAMPLE = sys.argv[1:3]
sys.exit(main())
