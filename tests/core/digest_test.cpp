#include "core/digest.h"

#include <string>

#include "catch.h"

using namespace trp;

namespace {

std::string digest_of(const std::string& text) {
  Digest digest;
  digest.update(text.data(), text.size());
  return digest.to_string();
}

}  // namespace

TEST_CASE("the digest is XXH3-128 in its canonical form") {
  // The published value for the empty input with seed 0.
  CHECK(digest_of("") == "xxh128:99aa06d3014798d86001c324468d497f");
}

TEST_CASE("the digest of pieces is that of the whole, and every byte counts") {
  Digest pieces;
  pieces.update("tensor ", 7);
  pieces.update("relu", 4);
  CHECK(pieces.to_string() == digest_of("tensor relu"));
  CHECK(digest_of("tensor relv") != digest_of("tensor relu"));
}
