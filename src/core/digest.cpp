#include "core/digest.h"

#include <new>

#include <fmt/format.h>
#include <xxhash.h>

namespace trp {

Digest::Digest() : state_(XXH3_createState()) {
  if (!state_) throw std::bad_alloc();
  XXH3_128bits_reset(state_.get());
}

Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::update(const void* data, std::size_t size_bytes) {
  XXH3_128bits_update(state_.get(), data, size_bytes);
}

std::string Digest::to_string() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
  return fmt::format("xxh128:{:016x}{:016x}", hash.high64, hash.low64);
}

void Digest::FreeState::operator()(XXH3_state_s* state) const { XXH3_freeState(state); }

}  // namespace trp
