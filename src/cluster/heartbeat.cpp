#include "cluster/heartbeat.h"

#include <utility>

namespace trp {
namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 50ms;  // how often the thread looks for messages
constexpr auto kBeat = 500ms;
constexpr int kBeatTag = 1;

bool is_done(MPI_Request& request) {
  int done = 0;
  MPI_Test(&request, &done, MPI_STATUS_IGNORE);
  return done != 0;
}

}  // namespace

Heartbeat::Heartbeat(MPI_Comm comm, double silent_seconds, std::function<void(int)> silent)
    : comm_(comm),
      silence_(std::chrono::duration_cast<Clock::duration>(
          std::chrono::duration<double>(silent_seconds))),
      silent_(std::move(silent)) {
  int own = 0, size = 1;
  MPI_Comm_rank(comm_, &own);
  MPI_Comm_size(comm_, &size);
  for (int rank = 0; rank < size; ++rank)
    if (rank != own) peers_.push_back({.rank = rank, .last_heard = Clock::now()});
  thread_ = std::thread([this] { run(); });
}

Heartbeat::~Heartbeat() {
  stopping_ = true;
  thread_.join();
  for (Peer& peer : peers_) {
    if (peer.hearing != MPI_REQUEST_NULL) {
      MPI_Cancel(&peer.hearing);
      MPI_Wait(&peer.hearing, MPI_STATUS_IGNORE);
    }
    if (peer.sending != MPI_REQUEST_NULL) MPI_Request_free(&peer.sending);
  }
}

void Heartbeat::listen(Peer& peer) {
  if (peer.hearing != MPI_REQUEST_NULL) {
    if (!is_done(peer.hearing)) return;
    peer.last_heard = Clock::now();
  }
  MPI_Irecv(&peer.heard, 1, MPI_CHAR, peer.rank, kBeatTag, comm_, &peer.hearing);
}

/// One that has not got away yet need not be followed by others.
void Heartbeat::beat() {
  for (Peer& peer : peers_)
    if (peer.sending == MPI_REQUEST_NULL || is_done(peer.sending))
      MPI_Isend(&peer.sent, 1, MPI_CHAR, peer.rank, kBeatTag, comm_, &peer.sending);
}

void Heartbeat::run() {
  Clock::time_point looked = Clock::now(), beaten = {};
  while (!stopping_) {
    const Clock::time_point now = Clock::now();
    // When this process itself was stopped, or its machine, the others may have been as well.
    if (now - looked > silence_ / 4)
      for (Peer& peer : peers_) peer.last_heard = now;
    looked = now;
    if (now - beaten > kBeat) {
      beat();
      beaten = now;
    }
    for (Peer& peer : peers_) {
      listen(peer);
      if (now - peer.last_heard > silence_) return silent_(peer.rank);
    }
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace trp
