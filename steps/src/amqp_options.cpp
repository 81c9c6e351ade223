#include "skald/amqp_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "skald/error.hpp"
#include "skald/secret_file.hpp"

namespace skald {

namespace {

[[noreturn]] void bad_url(const std::string& what) {
  throw ChannelError("the AMQP address cannot be used: " + what);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decode(std::string_view text, const char* part) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) bad_url(fmt::format("the {} holds a broken percent code", part));
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  // The client library takes C strings: a zero byte would cut the value silently.
  if (out.find('\0') != std::string::npos) bad_url(fmt::format("the {} holds a zero byte", part));
  // All but the password is shown, in logs and to operators, on one line.
  const bool shown = std::string_view(part) != "password";
  const bool controls = std::any_of(out.begin(), out.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
  });
  if (shown && controls) bad_url(fmt::format("the {} holds a control character", part));
  return out;
}

std::string_view cut_at(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view head = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
  return head;
}

template <class Number>
Number number_in(std::string_view text, Number low, Number high, const char* part) {
  Number number{};
  const auto end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  if (result.ec != std::errc{} || result.ptr != end || number < low || number > high) {
    bad_url(fmt::format("the {} must be a number from {} to {}", part, low, high));
  }
  return number;
}

void check_prefix(const std::string& prefix) {
  const bool fits = !prefix.empty() && prefix.size() <= 64 &&
                    prefix.find_first_not_of(
                        "abcdefghijklmnopqrstuvwxyz"
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == std::string::npos;
  if (!fits) bad_url("the prefix must have 1 to 64 letters, digits, dots, dashes or underscores");
}

void apply_setting(AmqpOptions& options, std::string_view name, const std::string& value) {
  if (name == "heartbeat") {
    options.heartbeat = std::chrono::seconds{number_in<int>(value, 1, 3600, "heartbeat")};
  } else if (name == "prefix") {
    check_prefix(value);
    options.prefix = value;
  } else if (name == "queue_type") {
    if (value != "quorum" && value != "classic") bad_url("queue_type must be quorum or classic");
    options.queue_type = value == "quorum" ? QueueType::quorum : QueueType::classic;
  } else if (name == "prefetch") {
    options.prefetch = number_in<std::uint16_t>(value, 1, 65535, "prefetch");
  } else if (name == "confirm_timeout") {
    options.confirm_timeout =
        std::chrono::seconds{number_in<int>(value, 1, 3600, "confirm_timeout")};
  } else if (name == "cacertfile") {
    options.tls.ca_file = value;
  } else if (name == "certfile") {
    options.tls.cert_file = value;
  } else if (name == "keyfile") {
    options.tls.key_file = value;
  } else if (name == "verify") {
    if (value != "verify_peer" && value != "verify_none") {
      bad_url("verify must be verify_peer or verify_none");
    }
    options.tls.verify_peer = options.tls.verify_hostname = value == "verify_peer";
  } else {
    // Not its name: that may be the rest of a password in which a '?' was not encoded.
    bad_url(
        "a setting after the '?' is not known; there are heartbeat, prefix, queue_type, prefetch, "
        "confirm_timeout, cacertfile, certfile, keyfile and verify");
  }
}

// Which of the hosts a sentence is about: nothing when there is only one.
std::string which_host(std::size_t number, std::size_t count) {
  return count == 1 ? std::string{} : fmt::format(" {} of {}", number, count);
}

AmqpHost read_host(std::string_view text, std::uint16_t usual_port, const std::string& which) {
  std::string_view name = text;
  std::string_view port;
  if (text.starts_with('[')) {
    name.remove_prefix(1);
    port = name;
    name = cut_at(port, ']');
    if (!port.empty() && !port.starts_with(':'))
      bad_url(fmt::format("the host{} is malformed", which));
    if (!port.empty()) port.remove_prefix(1);
  } else {
    port = text;
    name = cut_at(port, ':');
  }
  AmqpHost host{percent_decode(name, "host"), usual_port};
  if (host.name.empty() && which.empty()) bad_url("it names no host");
  if (host.name.empty()) {
    bad_url(fmt::format("the host{} is empty; write a name there, or take a comma out", which));
  }
  if (!port.empty()) {
    const std::string part = which.empty() ? "port" : "port of the host" + which;
    host.port = number_in<std::uint16_t>(port, 1, 65535, part.c_str());
  }
  return host;
}

void read_hosts(AmqpOptions& options, std::string_view list) {
  const auto count = static_cast<std::size_t>(std::count(list.begin(), list.end(), ',')) + 1;
  if (count > amqp_hosts_max) {
    bad_url(fmt::format("it names {} hosts, and at most {} are tried; leave some out", count,
                        amqp_hosts_max));
  }
  const std::uint16_t usual_port = options.port;
  for (std::size_t number = 1; number <= count; ++number) {
    AmqpHost host = read_host(cut_at(list, ','), usual_port, which_host(number, count));
    if (number > 1) {
      options.other_hosts.push_back(std::move(host));
      continue;
    }
    options.host = std::move(host.name);
    options.port = host.port;
  }
}

void read_authority(AmqpOptions& options, std::string_view authority) {
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    std::string_view login = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    options.user = percent_decode(cut_at(login, ':'), "user");
    options.password = percent_decode(login, "password");
  }
  read_hosts(options, authority);
}

// A '/' or '?' that was not encoded ends the address in the middle of the password, and the rest
// would be taken, and shown, for a vhost or a setting.
void require_encoded_login(std::string_view url) {
  const std::size_t host_end = std::min(url.find_first_of("/?"), url.size());
  if (url.find('@', host_end) == std::string_view::npos) return;
  bad_url(
      "an @ stands behind the host; in user and password write @ as %40, / as %2F, ? as %3F, and "
      "an @ anywhere else as %40 too");
}

}  // namespace

AmqpOptions AmqpOptions::parse(std::string_view url) {
  AmqpOptions options;
  if (url.starts_with("amqps://")) {
    options.tls.enabled = true;
    options.port = 5671;
    url.remove_prefix(8);
  } else if (url.starts_with("amqp://")) {
    url.remove_prefix(7);
  } else {
    bad_url("it must begin with amqp:// or amqps://");
  }
  require_encoded_login(url);
  std::string_view settings = url;
  std::string_view address = cut_at(settings, '?');
  const bool has_path = address.find('/') != std::string_view::npos;
  std::string_view path = address;
  read_authority(options, cut_at(path, '/'));
  if (path.find('/') != std::string_view::npos) {
    bad_url("the vhost holds a slash; write it as %2F");
  }
  // A bare slash means the default vhost here, as an empty name is no use to anybody.
  if (has_path && !path.empty()) options.vhost = percent_decode(path, "vhost");
  while (!settings.empty()) {
    std::string_view value = cut_at(settings, '&');
    const std::string_view name = cut_at(value, '=');
    apply_setting(options, name, percent_decode(value, "setting"));
  }
  if (options.tls.cert_file.empty() != options.tls.key_file.empty()) {
    bad_url("certfile and keyfile go together");
  }
  return options;
}

AmqpOptions AmqpOptions::from_environment() {
  if (const char* url = std::getenv("SKALD_AMQP_URL"); url != nullptr && *url != '\0') {
    return parse(url);
  }
  if (const char* path = std::getenv("SKALD_AMQP_URL_FILE"); path != nullptr && *path != '\0') {
    const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
    const SecretFile file = read_secret_file(
        path, credentials != nullptr ? CredentialsFolder(credentials) : std::nullopt);
    if (!file.problem.empty()) throw ChannelError("$SKALD_AMQP_URL_FILE: " + file.problem);
    return parse(file.text);
  }
  throw ChannelError(
      "no broker is named: set SKALD_AMQP_URL to amqp://user:password@host:port/vhost, or "
      "SKALD_AMQP_URL_FILE to a file that holds it");
}

std::string AmqpHost::to_string() const {
  const bool v6 = name.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", name, v6 ? "]" : "", port);
}

std::string AmqpOptions::describe() const {
  std::string list;
  for (const AmqpHost& one : hosts()) list += (list.empty() ? "" : ",") + one.to_string();
  return fmt::format("{}://{}@{}/{}", tls.enabled ? "amqps" : "amqp", user, list,
                     vhost == "/" ? "" : vhost);
}

std::vector<AmqpHost> AmqpOptions::hosts() const {
  std::vector<AmqpHost> all{{host, port}};
  all.insert(all.end(), other_hosts.begin(), other_hosts.end());
  return all;
}

AmqpOptions AmqpOptions::at(const AmqpHost& one) const {
  AmqpOptions options = *this;
  options.host = one.name;
  options.port = one.port;
  options.other_hosts.clear();
  return options;
}

}  // namespace skald
