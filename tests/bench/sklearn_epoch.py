"""Trains one epoch at a time with scikit-learn, for training_speed, which epoch_peer.h describes.

Usage: sklearn_epoch.py FOLDER SAMPLE_COUNT LAYER_SIZE...

An epoch is one partial_fit. MLPClassifier draws the order of the samples itself, from a seed that
is the same for each epoch; the samples are laid out beforehand such that it visits them in the order
asked for, as floats, and gathers its batches as it always does.
"""

import sys
import time
import warnings

import numpy
import sklearn
from sklearn.neural_network import MLPClassifier
from sklearn.utils import shuffle

SEED = 1

folder = sys.argv[1]
count = int(sys.argv[2])
sizes = [int(size) for size in sys.argv[3:]]

order = numpy.fromfile(f"{folder}/order.u32", numpy.uint32)
drawn = shuffle(numpy.arange(count, dtype=int), random_state=numpy.random.RandomState(SEED))
place = numpy.empty(count, int)
place[drawn] = order
samples = numpy.fromfile(f"{folder}/samples.f32", numpy.float32).reshape(count, sizes[0])[place]
labels = numpy.fromfile(f"{folder}/labels.u8", numpy.uint8)[place]

parameters = numpy.fromfile(f"{folder}/weights.f32", numpy.float32)
weights, biases = [], []
for fan_in, fan_out in zip(sizes, sizes[1:]):
    weight, bias, parameters = numpy.split(parameters, [fan_in * fan_out, (fan_in + 1) * fan_out])
    weights.append(weight.reshape(fan_in, fan_out))
    biases.append(bias)

print(f"scikit-learn {sklearn.__version__}, numpy {numpy.__version__}", flush=True)
for line in sys.stdin:
    batch_size, learning_rate = line.split()
    model = MLPClassifier(
        hidden_layer_sizes=sizes[1:-1],
        solver="sgd",
        alpha=0,
        momentum=0,
        batch_size=int(batch_size),
        learning_rate_init=float(learning_rate),
        shuffle=True,
        random_state=SEED,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one sample is less than a batch
        model.partial_fit(samples[:1], labels[:1], numpy.arange(sizes[-1]))  # makes its arrays
    for array, initial in zip(model.coefs_ + model.intercepts_, weights + biases):
        array[...] = initial
    begin = time.monotonic()
    model.partial_fit(samples, labels)
    print(time.monotonic() - begin, model.loss_, flush=True)
