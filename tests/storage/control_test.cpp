#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "child_process.hpp"
#include "control_frame.hpp"
#include "control_path.hpp"
#include "files.hpp"
#include "refusals.hpp"
#include "samples.hpp"
#include "skald/control_client.hpp"
#include "skald/sqlite_store.hpp"
#include "skald/text.hpp"

using namespace skald;
using namespace skald::test;
using namespace std::chrono_literals;

namespace {

std::string echo(std::string_view request) { return "echo " + std::string(request); }

/// Speaks to the socket without keeping to the frames.
class RawClient {
 public:
  explicit RawClient(const std::string& store_path)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_un address = socket_address(control_socket_path(store_path));
    REQUIRE(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
            0);
  }
  void send(const std::string& bytes) {
    REQUIRE(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  std::optional<std::string> read() {
    return read_frame(socket_.get(), std::chrono::steady_clock::now() + 30s);
  }
  /// The other side has closed the connection.
  [[nodiscard]] bool is_closed() const {
    char byte = 0;
    return ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  }

 private:
  FileDescriptor socket_;
};

}  // namespace

TEST_CASE("requests are answered over the control socket, several on one connection") {
  TemporaryFolder folder;
  SqliteStore store(folder.file("store.db"));
  CHECK_FALSE(ControlClient::connect(store.path(), 1s));
  store.serve_control(&echo);
  struct stat found {};
  REQUIRE(::lstat(folder.file("store.db.sock").c_str(), &found) == 0);
  CHECK(S_ISSOCK(found.st_mode));
  CHECK((found.st_mode & 0777) == 0600);
  auto client = ControlClient::connect(folder.file("store.db"), 5s);
  REQUIRE(client);
  CHECK(client->request("one", 30s) == "echo one");
  CHECK(client->request("", 30s) == "echo ");
  const std::string large(3'000'000, 'x');
  CHECK(client->request(large, 30s) == "echo " + large);
  store.stop_control();
  CHECK_FALSE(std::filesystem::exists(folder.file("store.db.sock")));
  CHECK_FALSE(ControlClient::connect(store.path(), 1s));
  check_refused(StoreError::Kind::failed, [&] { static_cast<void>(client->request("two", 30s)); });
  store.serve_control(&echo);
  CHECK(ControlClient::connect(store.path(), 5s)->request("three", 30s) == "echo three");
}

TEST_CASE("many clients at once are all answered, more than there are connections") {
  TemporaryFolder folder;
  SqliteStore store(folder.file("store.db"));
  store.serve_control(&echo);
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 200; ++i) {
      clients.emplace_back([&, i] {
        auto client = ControlClient::connect(store.path(), 60s);
        const std::string text = std::to_string(i);
        if (client && client->request(text, 60s) == "echo " + text) ++answered;
      });
    }
  }
  CHECK(answered == 200);
}

TEST_CASE("stopping waits for the answers under way, and they still arrive") {
  TemporaryFolder folder;
  SqliteStore store(folder.file("store.db"));
  std::mutex mutex;
  std::condition_variable changed;
  bool asked = false;
  bool may_answer = false;
  store.serve_control([&](std::string_view) {
    std::unique_lock lock(mutex);
    asked = true;
    changed.notify_all();
    changed.wait(lock, [&] { return may_answer; });
    return std::string("late");
  });
  std::string answer;
  std::jthread asking(
      [&] { answer = ControlClient::connect(store.path(), 5s)->request("x", 60s); });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return asked; });
  }
  bool stopped = false;
  std::jthread stopping([&] {
    store.stop_control();
    const std::lock_guard lock(mutex);
    stopped = true;
    changed.notify_all();
  });
  {
    std::unique_lock lock(mutex);
    // Time enough for a stop that would not wait.
    CHECK_FALSE(changed.wait_for(lock, 200ms, [&] { return stopped; }));
    may_answer = true;
  }
  changed.notify_all();
  stopping.join();
  asking.join();
  CHECK(answer == "late");
}

TEST_CASE("a client that does not keep to the frames is told so and cut off, others are served") {
  TemporaryFolder folder;
  SqliteStore store(folder.file("store.db"));
  store.serve_control(&echo);
  RawClient oversize(store.path());
  oversize.send(std::string("\x7f\xff\xff\xff", 4));
  const auto told = oversize.read();
  REQUIRE(told);
  CHECK(told->find("over the limit") != std::string::npos);
  CHECK_FALSE(oversize.read());
  RawClient silent(store.path());
  RawClient halfway(store.path());
  halfway.send(std::string("\x00\x00", 2));
  CHECK(ControlClient::connect(store.path(), 5s)->request("x", 30s) == "echo x");
}

TEST_CASE("when all places are taken, one connection that is idle gives way") {
  TemporaryFolder folder;
  SqliteStore store(folder.file("store.db"));
  store.serve_control(&echo);
  std::vector<RawClient> idle;
  for (int i = 0; i < 64; ++i) {
    idle.emplace_back(store.path());
    idle.back().send(std::string("\x00\x00\x00\x01x", 5));
    REQUIRE(idle.back().read() == "echo x");
  }
  // Without a place it would wait until one of the others has been silent for a minute.
  auto client = ControlClient::connect(store.path(), 5s);
  REQUIRE(client);
  CHECK(client->request("y", 20s) == "echo y");
  // The one that its thread has seen idle longest, which on a busy machine need not be the first.
  std::erase_if(idle, [](const RawClient& c) { return c.is_closed(); });
  CHECK(idle.size() == 63);
  idle.back().send(std::string("\x00\x00\x00\x01z", 5));
  CHECK(idle.back().read() == "echo z");
}

TEST_CASE(
    "bytes that are no requests reach the handler as they are, and a failing one is answered") {
  TemporaryFolder folder;
  SqliteStore store(folder.file("store.db"));
  store.serve_control([](std::string_view request) -> std::string {
    if (request == "throw") throw std::out_of_range("caf\xe9");
    return std::string(request);
  });
  auto client = ControlClient::connect(store.path(), 5s);
  const std::string bytes("\xff\x00{[\xe9", 5);
  CHECK(client->request(bytes, 20s) == bytes);
  const std::string answer = client->request("throw", 20s);
  CHECK(answer.find("the request failed") != std::string::npos);
  CHECK(is_utf8(answer));
  CHECK(client->request("again", 20s) == "again");
}

TEST_CASE("an answer over the limit becomes an error") {
  TemporaryFolder folder;
  SqliteStore store(folder.file("store.db"));
  store.serve_control([](std::string_view) { return std::string(frame_bytes_max + 1, 'x'); });
  const std::string answer = ControlClient::connect(store.path(), 5s)->request("x", 30s);
  CHECK(answer.find("too long") != std::string::npos);
}

TEST_CASE("the socket of an owner that was killed is replaced") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  ChildProcess owner([&](const ChildProcess::Parent& parent) {
    SqliteStore store(path);
    store.serve_control(&echo);
    parent.report("serving");
    parent.await();
  });
  REQUIRE(owner.line() == "serving");
  CHECK(ControlClient::connect(path, 5s)->request("x", 30s) == "echo x");
  owner.kill();
  CHECK(std::filesystem::exists(path + ".sock"));
  CHECK_FALSE(ControlClient::connect(path, 1s));
  SqliteStore store(path);
  store.serve_control([](std::string_view) { return std::string("new"); });
  CHECK(ControlClient::connect(path, 5s)->request("x", 30s) == "new");
}

TEST_CASE("a file in the way of the socket is not removed") {
  TemporaryFolder folder;
  SqliteStore store(folder.file("store.db"));
  {
    const FileDescriptor file(::open(folder.file("store.db.sock").c_str(), O_CREAT | O_RDWR, 0600));
  }
  check_refused(StoreError::Kind::failed, [&] { store.serve_control(&echo); });
  CHECK(std::filesystem::exists(folder.file("store.db.sock")));
}

TEST_CASE("a store with a long path is reached through a link beside it") {
  TemporaryFolder folder;
  const std::string deep = folder.file(std::string(100, 'd'));
  std::filesystem::create_directory(deep);
  const std::string path = deep + "/store.db";
  SqliteStore store(path);
  CHECK_FALSE(ControlClient::connect(path, 1s));
  store.serve_control(&echo);
  CHECK(std::filesystem::is_symlink(path + ".sock"));
  CHECK(control_socket_path(path).size() <= 107);
  const auto runtime = std::filesystem::path(control_socket_path(path)).parent_path();
  struct stat found {};
  REQUIRE(::lstat(runtime.c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0700);
  CHECK(ControlClient::connect(path, 5s)->request("x", 30s) == "echo x");
  store.stop_control();
  CHECK_FALSE(std::filesystem::exists(std::filesystem::symlink_status(path + ".sock")));
}

TEST_CASE("a runtime folder that is named and not there is not used") {
  TemporaryFolder folder;
  const char* before = std::getenv("XDG_RUNTIME_DIR");
  const std::optional<std::string> kept =
      before != nullptr ? std::optional<std::string>(before) : std::nullopt;
  ::setenv("XDG_RUNTIME_DIR", folder.file("gone").c_str(), 1);
  const std::string deep = folder.file(std::string(100, 'd'));
  std::filesystem::create_directory(deep);
  SqliteStore store(deep + "/store.db");
  store.serve_control(&echo);
  CHECK(control_socket_path(store.path()).starts_with("/tmp/skald-"));
  CHECK(ControlClient::connect(store.path(), 5s)->request("x", 30s) == "echo x");
  store.stop_control();
  if (kept) {
    ::setenv("XDG_RUNTIME_DIR", kept->c_str(), 1);
  } else {
    ::unsetenv("XDG_RUNTIME_DIR");
  }
}
