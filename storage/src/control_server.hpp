// The owner's end of the control socket.
//
// One thread accepts, one thread per connection answers. When all places are taken, the connection
// that has been idle longest gives way to one that waits for a place. Only the owner's user and
// root get in: by the socket's mode, 0600, and by asking the kernel who is there.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <string>
#include <thread>

#include "control_path.hpp"
#include "files.hpp"
#include "skald/store.hpp"

namespace skald {

class ControlServer {
 public:
  /// Answers from now on. Must hold the ownership of the store at this canonical path: a socket
  /// that an earlier owner left is removed. \throws StoreError
  ControlServer(const std::string& store_path, ControlHandler handler);
  /// Takes no more requests, lets those being answered finish, and removes the socket.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  struct Connection {
    FileDescriptor socket;
    /// Since when it has waited for a request, in nanoseconds of the steady clock; 0: it does not.
    std::atomic<std::int64_t> idle_since = 0;
    std::atomic<bool> done = false;
    std::jthread thread;
  };

  void accept_until_stopped();
  void accept_one();
  void answer(Connection& connection);
  void answer_requests(Connection& connection);
  [[nodiscard]] std::string answer_one(const std::string& request);
  void make_room();
  void wake();

  ControlPaths paths_;
  ControlHandler handler_;
  FileDescriptor listener_;
  FileDescriptor wake_;  ///< An eventfd: a connection is done, or the server stops.
  std::atomic<bool> stopping_ = false;
  std::list<Connection> connections_;  ///< The accepting thread's; after it, the destructor's.
  std::jthread acceptor_;
};

}  // namespace skald
