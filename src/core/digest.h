#pragma once

#include <cstddef>
#include <memory>
#include <string>

struct XXH3_state_s;

namespace trp {

/// Computes the XXH3-128 of any number of pieces, in the order in which they come. It is no
/// protection of secrets.
class Digest {
 public:
  Digest();
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;

  void update(const void* data, std::size_t size_bytes);

  /// Returns "xxh128:" and 32 hexadecimal digits, most significant first.
  std::string to_string() const;

 private:
  struct FreeState {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, FreeState> state_;
};

}  // namespace trp
