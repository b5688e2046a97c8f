#!/bin/sh
# Checks that each header and each source compiles by itself, without its neighbours and without
# precompiled headers.
cd "$(dirname "$0")/.." || exit 1
flags="-std=c++20 -fsyntax-only -w -DEIGEN_MAX_ALIGN_BYTES=64 -DTRP_VERSION=\"\" -DTRP_BUILD_TYPE=\"\"
  -DTRP_INSTALLED_SAMPLE=\"\" -Iinclude -Isrc $(pkg-config --cflags-only-I eigen3)"
# shellcheck disable=SC2086
git ls-files 'include/*.h' 'src/*.h' 'src/*.cpp' |
  xargs -P "$(nproc)" -I FILE sh -c '"$@" -x c++ FILE || { echo "FILE does not compile by itself"; exit 255; }' sh \
    ${CXX:-g++} $flags
