"""record.py PROGRAM RECIPES --data FOLDER [--seeds N] [--torch-seeds N]

Trains by each recipe in the folder RECIPES, and by the one that they are compared with, in turns, with
so many seeds, and prints a table of accuracies and of the seconds of training. Where there is PyTorch,
it trains by the same recipes with the better of 1 and 2 threads.
"""
import argparse
import glob
import json
import os
import statistics
import subprocess
import sys
import time

REFERENCE = ["--hidden", "256", "--epochs", "4", "--lr", "0.1"]


def run(program, options, data, seed):
    command = [program, *options, "--data", data, "--seed", str(seed), "--format", "json", "-q"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def mean_text(values, digits):
    deviation = statistics.stdev(values) if len(values) > 1 else 0
    return f"{statistics.mean(values):.{digits}f} ± {deviation:.{digits}f}"


def spread_text(values):
    lower, _, upper = statistics.quantiles(values, n=4) if len(values) > 1 else 3 * values
    return f"{statistics.median(values):.2f} ({lower:.2f}–{upper:.2f})"


def load_for_torch(data, torch):
    import gzip
    import numpy as np

    def read(name):
        for path in (os.path.join(data, name), os.path.join(data, name + ".gz")):
            if os.path.exists(path):
                with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
                    content = file.read()
                rank = content[3]
                shape = [int.from_bytes(content[4 + 4 * i:8 + 4 * i], "big") for i in range(rank)]
                return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)
        raise FileNotFoundError(name)

    parts = []
    for part in ("train", "t10k"):
        images = torch.from_numpy(read(f"{part}-images-idx3-ubyte").copy()).float() / 255
        labels = torch.from_numpy(read(f"{part}-labels-idx1-ubyte").copy()).long()
        parts.append((images, labels))
    return parts


def shifted(images, torch):
    """Moves each image by up to two pixels, what moves in from outside being zero."""
    count, height, width = images.shape
    padded = torch.nn.functional.pad(images, (2, 2, 2, 2))
    places = torch.randint(0, 5, (2, count, 1))
    rows = places[0] + torch.arange(height)
    columns = places[1] + torch.arange(width)
    return padded[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]


def rate_at(recipe, step, steps):
    p = step / steps
    if recipe["lr_schedule"] == "linear":
        return recipe["lr"] * (1 - p)
    middle = p + 0.5 / steps
    return recipe["lr"] * (middle / 0.2 if middle < 0.2 else (1 - middle) / 0.8)


def train_in_torch(recipe, parts, threads, seed, torch):
    """Returns accuracy and the seconds of training."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    (images, labels), (test_images, test_labels) = parts
    sizes = [images[0].numel(), *recipe["hidden"], recipe["classes"]]
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
        torch.nn.init.kaiming_uniform_(layers[-2].weight, nonlinearity="relu")
        torch.nn.init.zeros_(layers[-2].bias)
        if outputs != sizes[-1] and any(recipe["dropout"]):
            layers.append(torch.nn.Dropout(recipe["dropout"][0]))
    model = torch.nn.Sequential(torch.nn.Flatten(), *layers[:-1])
    common = {"lr": recipe["lr"], "weight_decay": recipe["weight_decay"]}
    if recipe["optimizer"] == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), momentum=recipe["momentum"],
                                    nesterov=recipe["nesterov"], **common)
    else:
        kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe["optimizer"]]
        optimizer = kind(model.parameters(), **common)
    mean = images.mean(0) if recipe["normalize"] == "center" else 0
    share = recipe["average_weights"]
    averages = [p.detach().clone() for p in model.parameters()] if share else None
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=recipe["label_smoothing"])
    batch, count = recipe["batch_size"], len(images)
    per_epoch = -(-count // batch)
    begin = time.perf_counter()
    for step in range(recipe["epochs"] * per_epoch):
        if step % per_epoch == 0:
            order = torch.randperm(count)
        chosen = order[step % per_epoch * batch:][:batch]
        x = images[chosen]
        if recipe["augment"] == "shift":
            x = shifted(x, torch)
        optimizer.param_groups[0]["lr"] = rate_at(recipe, step, recipe["epochs"] * per_epoch)
        optimizer.zero_grad()
        loss_of(model(x - mean), labels[chosen]).backward()
        optimizer.step()
        if share:
            with torch.no_grad():
                torch._foreach_mul_(averages, share)
                torch._foreach_add_(averages, list(model.parameters()), alpha=1 - share)
    seconds = time.perf_counter() - begin
    model.eval()
    with torch.no_grad():
        for parameter, average in zip(model.parameters(), averages or []):
            parameter.copy_(average)
        right = (model(test_images - mean).argmax(1) == test_labels).sum().item()
    return right / len(test_labels), seconds


def print_torch(recipes, data, seeds):
    try:
        import torch
    except ImportError as error:
        print(f"\nwithout PyTorch: {error}")
        return
    parts = load_for_torch(data, torch)
    print(f"\nPyTorch {torch.__version__}, the same recipes, the better of 1 and 2 threads\n")
    print("| recipe | accuracy, % | seconds |")
    print("|:--|--:|--:|")
    for name, recipe in recipes.items():
        runs = {threads: [train_in_torch(recipe, parts, threads, seed, torch)
                          for seed in range(1, seeds + 1)] for threads in (1, 2)}
        best = min(runs.values(), key=lambda all_runs: statistics.median(s for _, s in all_runs))
        print(f"| {name} | {mean_text([100 * a for a, _ in best], 2)} "
              f"| {statistics.median(s for _, s in best):.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description="Trains MNIST by recipes, in turns.")
    parser.add_argument("program")
    parser.add_argument("recipes", help="a folder of files *.conf")
    parser.add_argument("--data", required=True, metavar="FOLDER", help="the files of MNIST")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--torch-seeds", type=int, default=2, help="0: without PyTorch")
    arguments = parser.parse_args()
    options = {" ".join(REFERENCE): REFERENCE}
    for path in sorted(glob.glob(os.path.join(arguments.recipes, "*.conf"))):
        options[os.path.basename(path)] = ["-c", path]
    accuracies = {name: [] for name in options}
    seconds = {name: [] for name in options}
    recipes = {}
    for seed in range(1, arguments.seeds + 1):
        for name in options:
            result = run(arguments.program, options[name], arguments.data, seed)
            recipes[name] = result["start"]["recipe"]
            accuracies[name].append(100 * result["summary"]["test_accuracy"])
            seconds[name].append(result["summary"]["train_seconds"])
    start = result["start"]
    print(f"{start['time']}, {start['cpu']}, {start['cpus']} CPUs, {start['build']['simd']}; "
          f"{arguments.seeds} seeds in turns\n")
    print("| recipe | accuracy, % | seconds | times the first |")
    print("|:--|--:|--:|--:|")
    first = next(iter(options))
    for name in options:
        ratios = [a / b for a, b in zip(seconds[name], seconds[first])]
        print(f"| {name} | {mean_text(accuracies[name], 2)} "
              f"| {statistics.median(seconds[name]):.3f} | {spread_text(ratios)} |")
    sys.stdout.flush()
    if arguments.torch_seeds:
        print_torch(recipes, arguments.data, arguments.torch_seeds)


main()
