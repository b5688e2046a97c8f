#!/bin/sh
# usage: fashion_mnist.sh PROGRAM FOLDER
# Two trainings on the whole of Fashion-MNIST end with the bits that they have always had. Exit code
# 77, skipped, where FOLDER does not have the data.
[ -e "$2/train-images-idx3-ubyte.gz" ] || [ -e "$2/train-images-idx3-ubyte" ] || exit 77
"$1" --version | grep -q "without FMA" && exit 77

check() {
  expected=$1
  shift
  found=$("$@" -q | sed -n 's/^weights *//p')
  [ "$found" = "$expected" ] || { echo "$*: expected $expected, found $found"; exit 1; }
}
check xxh128:899519832d78a7afc04afc9dfae2dffa "$1" --data "$2" --epochs 1
check xxh128:6394157f4d730777a9288d3a92c8fcfe "$1" --data "$2" --epochs 10 --workers 8
