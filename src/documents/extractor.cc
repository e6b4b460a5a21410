#include "documents/extractor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "base/encoding.h"
#include "documents/child.h"

namespace documents {
namespace {

using Clock = std::chrono::steady_clock;

std::unexpected<Error> no_reader() {
  return fail(ErrorCode::ResourceExhausted, "The document reader could not be started.");
}

// One end of a pipe that closes with the object.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

// A running child; killed and reaped with the object, at the latest.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    if (pid_ > 0) {
      kill();
      wait();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void kill() { ::kill(pid_, SIGKILL); }
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

struct Spawn {
  const std::string& program;
  const std::string& filename;
  const std::string& media_type;
  int input;
  int output;
};

// The child's standard streams are the input, the pipe and nothing; it inherits no signal mask.
pid_t spawn(const Spawn& wanted) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, wanted.input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, wanted.output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);

  std::string program = "parlance", command = kChildCommand;
  // An argument ends at a zero, and names are data.
  std::string name = wanted.filename.substr(0, wanted.filename.find('\0'));
  std::string media_type = wanted.media_type.substr(0, wanted.media_type.find('\0'));
  char* arguments[] = {program.data(), command.data(), name.data(), media_type.data(), nullptr};
  // Nothing of the server's environment, which may hold keys. Linear algebra starts no threads.
  std::string no_threads = "OPENBLAS_NUM_THREADS=1", one_thread = "OMP_NUM_THREADS=1";
  char* environment[] = {no_threads.data(), one_thread.data(), nullptr};
  pid_t pid = -1;
  const int error =
      ::posix_spawn(&pid, wanted.program.c_str(), &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? pid : -1;
}

// Everything until the end of the pipe.
Result<std::string> read_all(int fd, Clock::time_point deadline, std::size_t bytes_max) {
  std::string out;
  char piece[64 * 1024];
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
    const int ready = left > 0 ? ::poll(&waited, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0)
      return fail(ErrorCode::Timeout, "The file could not be parsed because it took too long.");
    const auto n = ::read(fd, piece, sizeof piece);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return no_reader();
    if (n == 0) return out;
    if (out.size() + static_cast<std::size_t>(n) > bytes_max)
      return fail(ErrorCode::TooLarge, "The file could not be parsed because it is too large.");
    out.append(piece, static_cast<std::size_t>(n));
  }
}

}  // namespace

Result<Input> Input::create() {
  const int fd = ::memfd_create("document", MFD_CLOEXEC);
  if (fd < 0)
    return fail(ErrorCode::ResourceExhausted, "There is no memory to read the document in.");
  return Input(fd);
}

Result<Input> Input::from(std::string_view bytes) {
  auto input = create();
  if (!input) return input;
  if (auto status = input->append(bytes); !status) return fail(status.error());
  return input;
}

Input::Input(Input&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Input& Input::operator=(Input&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Input::~Input() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status Input::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(descriptor_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      return fail(ErrorCode::ResourceExhausted, "There is no memory to read the document in.");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Extractor::Extractor(ExtractorOptions options) : options_(std::move(options)) {}

base::awaitable<Result<Document>> Extractor::extract(Input input, std::string filename,
                                                     std::string media_type) {
  auto read = co_await base::on_pool(children_,
                                     [&] { return extract_blocking(input, filename, media_type); });
  co_return std::move(read);
}

Result<Document> Extractor::extract_blocking(const Input& input, const std::string& filename,
                                             const std::string& media_type) const {
  const auto deadline = Clock::now() + options_.time_max;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return no_reader();
  Descriptor from_child(ends[0]);
  Descriptor to_parent(ends[1]);
  const pid_t pid = spawn({.program = options_.program,
                           .filename = filename,
                           .media_type = media_type,
                           .input = input.descriptor(),
                           .output = to_parent.get()});
  if (pid < 0) return no_reader();
  Child child(pid);
  to_parent.close();
  auto answer = read_all(from_child.get(), deadline, options_.answer_bytes_max);
  if (!answer) return fail(answer.error());  // the child is killed on the way out
  const int status = child.wait();
  if (WIFSIGNALED(status)) {
    if (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)
      return fail(ErrorCode::Timeout, "The file could not be parsed because it took too long.");
    return fail(ErrorCode::InvalidRequest, "The file could not be parsed: it broke its reader.");
  }
  return read_answer(*answer);
}

}  // namespace documents
