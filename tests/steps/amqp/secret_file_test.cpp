#include "skald/secret_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using namespace skald;

namespace {

constexpr const char* address = "amqp://u:s3cret@h/";

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "skald-secret-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }
  [[nodiscard]] std::string write(const std::string& name, const std::string& text,
                                  mode_t mode) const {
    std::ofstream(file(name), std::ios::binary) << text;
    REQUIRE(::chmod(file(name).c_str(), mode) == 0);
    return file(name);
  }

 private:
  std::filesystem::path path_;
};

std::string problem_of_file(const std::string& path, const CredentialsFolder& credentials = {}) {
  const SecretFile file = read_secret_file(path, credentials);
  CHECK(file.text.empty() != file.problem.empty());
  CHECK(file.problem.find("s3cret") == std::string::npos);
  return file.problem;
}

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a secret file may be read by its owner, and by a group when it is root's or one's own") {
  const Folder folder;
  for (const mode_t mode : {0400U, 0600U, 0440U, 0640U}) {
    CAPTURE(mode);
    const std::string path = folder.write("url", std::string(address) + "\r\n", mode);
    CHECK(read_secret_file(path, {}).text == address);
    CHECK_FALSE(secret_rights_problem(path, {}));
    std::filesystem::remove(path);
  }
  for (const mode_t mode : {0444U, 0644U, 0604U}) {
    CAPTURE(mode);
    const std::string path = folder.write("url", address, mode);
    CHECK(mentions(problem_of_file(path), "others may read"));
    CHECK(mentions(secret_rights_problem(path, {}).value_or(""), "chmod 600"));
    std::filesystem::remove(path);
  }
  for (const mode_t mode : {0660U, 0620U, 0602U}) {
    CAPTURE(mode);
    CHECK(mentions(problem_of_file(folder.write("url", address, mode)), "others may write"));
    std::filesystem::remove(folder.file("url"));
  }
}

TEST_CASE("a group may not read the secret file of a third user") {
  if (::geteuid() != 0) {
    MESSAGE("left out: it takes root to give a file to another user");
    return;
  }
  const Folder folder;
  const std::string path = folder.write("url", address, 0440);
  REQUIRE(::chown(path.c_str(), 65'534, 0) == 0);
  CHECK(mentions(problem_of_file(path), "belongs to user 65534"));
  REQUIRE(::chmod(path.c_str(), 0400) == 0);
  CHECK(problem_of_file(path).empty());
}

TEST_CASE("what the system keeps private as a whole is judged by its folder") {
  const Folder credentials;
  const Folder elsewhere;
  const std::string versioned = credentials.file("..2026");
  std::filesystem::create_directory(versioned);
  std::filesystem::create_directory_symlink("..2026", credentials.file("..data"));
  (void)credentials.write("..2026/url", address, 0444);
  std::filesystem::create_symlink("..data/url", credentials.file("url"));
  CHECK(problem_of_file(credentials.file("url"), credentials.path()).empty());
  CHECK(mentions(problem_of_file(credentials.file("url"), elsewhere.path()), "others may read"));
  CHECK(mentions(problem_of_file(credentials.file("url")), "defaultMode"));
  // A link out of it leads out of it.
  const std::string outside = elsewhere.write("url", address, 0444);
  std::filesystem::create_symlink(outside, credentials.file("out"));
  CHECK(mentions(problem_of_file(credentials.file("out"), credentials.path()), "others may read"));
  REQUIRE(::chmod(credentials.file("..2026/url").c_str(), 0666) == 0);
  CHECK(mentions(problem_of_file(credentials.file("url"), credentials.path()), "others may write"));
}

TEST_CASE("each thing that is no secret file has a sentence of its own") {
  const Folder folder;
  CHECK(mentions(problem_of_file(folder.file("missing")), "No such file"));
  CHECK(mentions(problem_of_file(folder.path()), "is a folder"));
  CHECK(mentions(problem_of_file("/dev/null"), "is a device"));
  CHECK(mentions(problem_of_file(folder.write("url", address, 0600) + std::string("\0x", 2)),
                 "zero byte"));
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  CHECK(mentions(problem_of_file(folder.file("pipe")), "is a pipe"));
  CHECK(mentions(problem_of_file(folder.write("empty", "", 0600)), "is empty"));
  CHECK(mentions(problem_of_file(folder.write("blank", " \n", 0600)), "is empty"));
  CHECK(mentions(problem_of_file(folder.write("bom", "\xEF\xBB\xBF" + std::string(address), 0600)),
                 "byte order mark"));
  CHECK(mentions(problem_of_file(folder.write("utf16",
                                              "\xFF\xFE"
                                              "a",
                                              0600)),
                 "byte order mark"));
  CHECK(mentions(problem_of_file(folder.write("long", std::string(5'000, 'a'), 0600)),
                 "longer than"));
}
