// What a cluster is in a program that was built without MPI: one process, which exchanges nothing.
#include "cluster/cluster.h"
#include "core/fail.h"

namespace trp {

struct Cluster::Impl {
  bool asked = false;
};

void Transfer::wait() {}

Cluster::Cluster() : impl_(std::make_unique<Impl>()) {
  if (const Launch ranks = launch(); ranks.size > 1)
    fail(
        "rank {} of {}: this program was built without MPI, so the ranks would not know of one "
        "another; hint: build it with -DTRP_MPI=ON, or let ./bootstrap cluster -n {} do that",
        ranks.rank, ranks.size, ranks.size);
}

Cluster::~Cluster() = default;

Transfer Cluster::gather(std::span<std::byte> /*buffer*/, const Blocks& /*blocks*/) { return {}; }

Transfer Cluster::send_to_next(std::span<const float> /*values*/, int /*tag*/) { return {}; }

Transfer Cluster::receive_from_previous(std::span<float> /*values*/, int /*tag*/) { return {}; }

void Cluster::share(std::span<std::byte> /*bytes*/) {}

void Cluster::ask(bool own) { impl_->asked = own; }

bool Cluster::agreed() { return impl_->asked; }

std::vector<std::string> Cluster::texts(const std::string& own) { return {own}; }

void Cluster::give_up(const std::string& /*why*/, int /*exit_code*/) {}

}  // namespace trp
