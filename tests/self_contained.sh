#!/bin/sh
# Checks that each header and each source compiles by itself, without its neighbours and without
# precompiled headers, after a build of ./bootstrap. A header that some source includes before
# anything else is checked with it.
cd "$(dirname "$0")/.." || exit 1
flags="-std=c++20 -fsyntax-only -w -DEIGEN_MAX_ALIGN_BYTES=64 -DTRP_VERSION=\"\" -DTRP_COMMIT=\"\" -DTRP_COMMIT_DATE=\"\" -DTRP_BUILD_TYPE=\"\"
  -DTRP_INSTALLED_SAMPLE=\"\" -Iinclude -Isrc -Ibuild/release/src/generated $(pkg-config --cflags-only-I eigen3) $(pkg-config --silence-errors --cflags-only-I mpi-c)"
without_mpi="-e ^$"
pkg-config --exists mpi-c || without_mpi="-e cluster/mpi -e cluster/heartbeat"  # which include its header
first_includes() {
  for source in $(git ls-files 'src/*.cpp'); do grep --max-count=1 '^ *# *include' "$source"; done
}
checked_with_a_source=$(first_includes | sed -n 's/.*"\(.*\)".*/-e \/\1$/p')
# shellcheck disable=SC2086
{
  git ls-files 'src/*.cpp'
  git ls-files 'include/*.h' 'src/*.h' | grep --invert-match $checked_with_a_source
} | grep --invert-match $without_mpi | xargs -P "$(nproc)" -I FILE sh -c '"$@" -x c++ FILE || { echo "FILE does not compile by itself"; exit 255; }' sh \
  ${CXX:-g++} $flags
