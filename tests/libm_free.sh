#!/bin/sh
# usage: libm_free.sh LIBRARY
# The library calls no function of the C library whose last bits are another machine's: of libm only
# those that have one right result, which is all that IEEE 754 allows. What the selftest compares with
# (nn/reference.cpp) does call others, and this must see it, which shows that it can fail.
libm=$("${CXX:-c++}" -print-file-name=libm.so.6)
[ -e "$libm" ] || exit 77
exact='(fma|sqrt|floor|ceil|trunc|round|rint|nearbyint|ll?round|ll?rint|ldexp|scalbl?n|frexp|modf|fmod|copysign|fabs|fmin|fmax)[fl]?'
{
  nm -D --defined-only "$libm" | sed 's/.* //; s/@.*//' | grep -vxE "$exact"
  nm -A --undefined-only "$1"
} | awk '
  NF == 1 { inexact[$1] }
  NF > 1 && $NF in inexact {
    if ($1 ~ /:reference\.cpp\.o:/) { seen = 1; next }
    print $1, $NF
    bad = 1
  }
  END {
    if (!seen) print "nothing is found in nn/reference.cpp, so this test sees nothing"
    exit bad || !seen
  }'
