"""Writes Fashion-MNIST in other forms by NumPy and Pillow, converts them, and trains the same bits:
convert_round_trip_test.py PROGRAM FOLDER_OF_FASHION_MNIST [all]. Exits with 77 without them. Only
"all" makes 70,000 pictures and two tables of 130 MB; else those are of the first samples."""
import gzip
import os
import subprocess
import sys
import tempfile

PROGRAM, DATA = sys.argv[1:3]
TABLE_SAMPLES = None if "all" in sys.argv else 3000

try:
    import numpy
except ImportError:
    print("skipped: there is no NumPy")
    sys.exit(77)
try:
    from PIL import Image
except ImportError:
    Image = None
    print("without pictures: there is no Pillow")
if not os.path.isdir(DATA):
    print(f"skipped: there is no {DATA}")
    sys.exit(77)


def read(name, skipped, count):
    with gzip.open(f"{DATA}/{name}-ubyte.gz") as file:
        array = numpy.frombuffer(file.read(), numpy.uint8, offset=skipped)
    return (array.reshape(-1, 28, 28) if skipped == 16 else array)[:count]


def read_all(count=None):
    return {"x_train": read("train-images-idx3", 16, count), "y_train": read("train-labels-idx1", 8, count),
            "x_test": read("t10k-images-idx3", 16, count), "y_test": read("t10k-labels-idx1", 8, count)}


def train(folder):
    """Returns the digest of the weights."""
    lines = subprocess.run([PROGRAM, "--data", folder, "--epochs", "1", "-q"], check=True, text=True,
                           capture_output=True).stdout.splitlines()
    return next(line.split()[1] for line in lines if line.startswith("weights"))


def check(name, source, expected):
    subprocess.run([PROGRAM, "convert", source, source + ".idx"], check=True, stderr=subprocess.DEVNULL)
    found = train(source + ".idx")
    print(f"{name}: {found}")
    assert found == expected, f"{name}: expected {expected}, found {found}"


def write_tables(folder, arrays):
    os.mkdir(folder)
    for part in ("train", "test"):
        rows = numpy.hstack([arrays["y_" + part][:, None], arrays["x_" + part].reshape(-1, 784)])
        header = ",".join(["label"] + [f"pixel{i}" for i in range(784)])
        numpy.savetxt(f"{folder}/{part}.csv", rows, fmt="%d", delimiter=",", header=header, comments="")


def write_pictures(folder, arrays, modes):
    for part in ("train", "test"):
        for label in range(10):
            os.makedirs(f"{folder}/{part}/{label}")
        for i, (image, label) in enumerate(zip(arrays["x_" + part], arrays["y_" + part])):
            picture = Image.fromarray(image).convert(modes[i % len(modes)])
            picture.save(f"{folder}/{part}/{label}/{i}.png", compress_level=1)


with tempfile.TemporaryDirectory() as work:
    whole = read_all()
    expected = train(DATA)
    numpy.savez(f"{work}/a.npz", **whole)
    check("npz", f"{work}/a.npz", expected)
    numpy.savez_compressed(f"{work}/b.npz", x_train=whole["x_train"].astype("<i8"), y_train=whole["y_train"][:, None],
                           x_test=whole["x_test"].astype(">u2"), y_test=whole["y_test"].astype("<i4"))
    check("npz, compressed, of other types", f"{work}/b.npz", expected)
    os.mkdir(f"{work}/npy")
    for name, array in whole.items():
        numpy.save(f"{work}/npy/{name}.npy", array)
    check("npy", f"{work}/npy", expected)
    part = read_all(TABLE_SAMPLES)
    if TABLE_SAMPLES:
        numpy.savez(f"{work}/part.npz", **part)
        subprocess.run([PROGRAM, "convert", f"{work}/part.npz", f"{work}/part"], check=True)
        expected = train(f"{work}/part")
    write_tables(f"{work}/csv", part)
    check("CSV", f"{work}/csv", expected)
    if Image:
        write_pictures(f"{work}/png", part, ["L", "RGB", "RGBA"])
        check("PNG", f"{work}/png", expected)
