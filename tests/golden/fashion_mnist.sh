#!/bin/sh
# usage: fashion_mnist.sh PROGRAM FOLDER
# Two trainings on the whole of Fashion-MNIST end with the bits that they have always had. Exit code
# 77, skipped, where FOLDER does not have the data.
[ -e "$2/train-images-idx3-ubyte.gz" ] || [ -e "$2/train-images-idx3-ubyte" ] || exit 77
"$1" --version | grep -qE "AVX2|AVX3|NEON" || exit 77  # without fused multiply-add the bits are others

check() {
  expected=$1
  shift
  found=$("$@" -q | sed -n 's/^weights *//p')
  [ "$found" = "$expected" ] || { echo "$*: expected $expected, found $found"; exit 1; }
}
check xxh128:b4b6d55d2ac0224d3cc912eed18206c7 "$1" --data "$2" --epochs 1
check xxh128:8e0b82c3776840b742a9bbd7e312cb0f "$1" --data "$2" --epochs 10 --workers 8
