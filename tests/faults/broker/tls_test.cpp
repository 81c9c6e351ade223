// TLS against a private broker, with authorities and certificates made here: what is right works,
// and everything else is refused by a sentence that says what to do.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "amqp_bench.hpp"

using namespace skald;
using namespace skald::test;

namespace {

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(socket, plain, size) == 0);
  REQUIRE(::getsockname(socket, plain, &size) == 0);
  ::close(socket);
  return ntohs(address.sin_port);
}

// Two authorities, and two certificates of the first for `localhost`: a good one and an old one.
class Authorities {
 public:
  Authorities() {
    std::string path = (std::filesystem::temp_directory_path() / "skald-tls-XXXXXX").string();
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    folder_ = path;
    for (const char* name : {"ca", "other"}) {
      openssl(std::string("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=") + name +
              " -keyout " + file(name) + ".key -out " + file(name) + ".pem");
    }
    openssl("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout " + file("server.key") +
            " -out " + file("server.csr"));
    std::ofstream(file("extensions")) << "subjectAltName=DNS:localhost\n";
    sign("server.pem");
    sign_for_the_past("expired.pem");
  }
  ~Authorities() { std::filesystem::remove_all(folder_); }
  Authorities(const Authorities&) = delete;
  Authorities& operator=(const Authorities&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return folder_ / name; }

 private:
  void sign(const std::string& certificate) const {
    openssl("x509 -req -in " + file("server.csr") + " -CA " + file("ca.pem") + " -CAkey " +
            file("ca.key") + " -CAcreateserial -days 2 -extfile " + file("extensions") + " -out " +
            file(certificate));
  }
  // With dates, which `openssl ca` takes in every version: `x509` of 3.5 refuses days below zero,
  // and that of 3.0 has no dates.
  void sign_for_the_past(const std::string& certificate) const {
    std::ofstream(file("ca.conf")) << "[ca]\ndefault_ca=only\n[only]\ndatabase=" << file("index")
                                   << "\nnew_certs_dir=" << file("")
                                   << "\ndefault_md=sha256\nrand_serial=yes\npolicy=any\n"
                                      "[any]\ncommonName=supplied\n";
    std::ofstream(file("index")).flush();
    openssl("ca -batch -notext -config " + file("ca.conf") + " -cert " + file("ca.pem") +
            " -keyfile " + file("ca.key") + " -in " + file("server.csr") + " -extfile " +
            file("extensions") + " -startdate 20200101000000Z -enddate 20200102000000Z -out " +
            file(certificate));
  }
  static void openssl(const std::string& arguments) {
    const std::string command = "openssl " + arguments + " 2>/dev/null >/dev/null";
    REQUIRE_MESSAGE(::system(command.c_str()) == 0, "failed: " << command);
  }
  std::filesystem::path folder_;
};

// A server that has nothing but a certificate; ended by its pid.
class CertificateServer {
 public:
  CertificateServer(const std::string& certificate, const std::string& key) : port_(free_port()) {
    const std::string port = std::to_string(port_);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(STDIN_FILENO);
      (void)!::freopen("/dev/null", "w", stdout);
      (void)!::freopen("/dev/null", "w", stderr);
      ::execlp("openssl", "openssl", "s_server", "-quiet", "-naccept", "16", "-accept",
               port.c_str(), "-cert", certificate.c_str(), "-key", key.c_str(), nullptr);
      ::_exit(127);
    }
    REQUIRE(pid_ > 0);
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!answers() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  }
  ~CertificateServer() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  CertificateServer(const CertificateServer&) = delete;
  CertificateServer& operator=(const CertificateServer&) = delete;
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  [[nodiscard]] bool answers() const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool connected =
        ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    return connected;
  }
  std::uint16_t port_;
  pid_t pid_ = -1;
};

// One broker for all cases, as it takes seconds to start: a plain port, and one for TLS.
struct World {
  Authorities authorities;
  std::uint16_t tls_port = free_port();
  OwnBroker broker{"listeners.ssl.1 = 127.0.0.1:" + std::to_string(tls_port) +
                   "\nssl_options.cacertfile = " + authorities.file("ca.pem") +
                   "\nssl_options.certfile = " + authorities.file("server.pem") +
                   "\nssl_options.keyfile = " + authorities.file("server.key") +
                   "\nssl_options.verify = verify_none\n"};

  [[nodiscard]] AmqpOptions over_tls(const std::string& authority = "ca.pem") const {
    AmqpOptions options = broker->options(unique_prefix());
    options.host = "localhost";
    options.port = tls_port;
    options.tls.enabled = true;
    options.tls.ca_file = authorities.file(authority);
    return options;
  }
};

// What an engine is told when it opens its channel with these options: the refusal, or else the
// first warning, for then it goes on trying.
std::string told(const AmqpOptions& options) {
  Notes notes;
  std::mutex mutex;
  std::string logged;
  AmqpChannel channel(options, [&](LogLevel level, std::string_view line) {
    const std::lock_guard lock(mutex);
    if (level >= LogLevel::warning && logged.empty()) logged = std::string(line);
  });
  try {
    channel.open("engine-a", notes);
  } catch (const ChannelError& error) {
    return std::string("refused: ") + error.what();
  }
  channel.close();
  const std::lock_guard lock(mutex);
  return logged.empty() ? "works" : "warned: " + logged;
}

bool says(const std::string& sentence, const std::string& part) {
  return sentence.find(part) != std::string::npos;
}

}  // namespace

namespace {

const World& world() {
  static const World only;
  return only;
}

}  // namespace

TEST_CASE("with the right name and authority a command and its answer go through") {
  const AmqpOptions options = world().over_tls();
  CHECK(told(options) == "works");
  Notes notes;
  AmqpChannel channel(options);
  channel.open("engine-a", notes);
  Participant inventory(options, "inventory");
  channel.send({command_for(1, "inventory")});
  inventory.answer(inventory.receive(), Outcome::success());
  notes.await([](const auto& page) { return !page.replies.empty(); }, "the reply");
  notes.await([](const auto& page) { return page.confirmed.size() == 1; }, "the confirm");
}

TEST_CASE("a certificate for another name is refused, unless one asks not to look") {
  AmqpOptions options = world().over_tls();
  options.host = "127.0.0.1";
  const std::string sentence = told(options);
  INFO(sentence);
  CHECK(says(sentence, "refused: the certificate of amqps://guest@127.0.0.1"));
  CHECK(says(sentence, "made out to another name; connect by the name that is in it"));
  options.tls.verify_peer = options.tls.verify_hostname = false;
  CHECK(told(options) == "works");
}

TEST_CASE("a certificate of an authority that is not trusted is refused") {
  const std::string sentence = told(world().over_tls("other.pem"));
  INFO(sentence);
  CHECK(says(sentence, "refused: the certificate of amqps://guest@localhost"));
  CHECK(says(sentence, "name its authority by cacertfile"));
}

TEST_CASE("an authority's file that is missing is named") {
  const std::string sentence = told(world().over_tls("no-such-file.pem"));
  INFO(sentence);
  CHECK(says(sentence, "refused: the authorities in"));
  CHECK(says(sentence, "no-such-file.pem"));
}

TEST_CASE("a certificate that has expired is refused") {
  const CertificateServer old(world().authorities.file("expired.pem"),
                              world().authorities.file("server.key"));
  AmqpOptions options = world().over_tls();
  options.port = old.port();
  const std::string sentence = told(options);
  INFO(sentence);
  CHECK(says(sentence, "refused: the certificate of"));
  CHECK(says(sentence, "it has expired"));
}

TEST_CASE("who speaks plainly to a TLS port is told to speak TLS") {
  AmqpOptions options = world().over_tls();
  options.tls = {};
  const std::string sentence = told(options);
  INFO(sentence);
  CHECK(says(sentence, "if the broker speaks TLS on this port"));
  CHECK(says(sentence, "begin with amqps://"));
}

TEST_CASE("who speaks TLS to a plain port is told to speak plainly") {
  AmqpOptions options = world().over_tls();
  options.port = world().broker->options("p").port;
  const std::string sentence = told(options);
  INFO(sentence);
  CHECK(says(sentence, "if the broker speaks no TLS on this port"));
  CHECK(says(sentence, "begin with amqp://"));
}
