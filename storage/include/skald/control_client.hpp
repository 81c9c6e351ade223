// Talking to the engine that owns a store, from another process.
//
// Requests and answers are JSON texts over a Unix socket beside the store; docs/control.md lists
// them, docs/storage.md describes the frames.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "skald/time.hpp"

namespace skald {

/// Where the owner of a store listens: `<path>.sock`, or, when that is too long for a socket's
/// address, what the symbolic link of that name points to.
[[nodiscard]] std::string control_socket_path(const std::string& store_path);

/// One connection, for several requests one after the other. One thread at a time.
class ControlClient {
 public:
  /// Nothing when nobody listens: no engine runs on this store. \throws StoreError (failed) when
  /// somebody does but may not be talked to.
  [[nodiscard]] static std::optional<ControlClient> connect(const std::string& store_path,
                                                            Duration timeout);
  ControlClient(ControlClient&&) noexcept;
  ControlClient& operator=(ControlClient&&) noexcept;
  ~ControlClient();

  /// Sends a request and waits for its answer. \throws StoreError (failed) when the connection
  /// breaks or the answer takes longer than `timeout`: the request may have been carried out then,
  /// and the connection is of no further use.
  [[nodiscard]] std::string request(std::string_view text, Duration timeout);

 private:
  class Body;
  explicit ControlClient(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace skald
