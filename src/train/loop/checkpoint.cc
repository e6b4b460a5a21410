#include "train/loop/checkpoint.h"

#include <fstream>

namespace train {

namespace {

constexpr std::uint64_t kMagic = 0x31544e494b435254;  // "TRCKINT1"
constexpr std::uint64_t kValuesMax = std::uint64_t{1} << 31;

class Writer {
 public:
  explicit Writer(const std::filesystem::path& file) : out_(file, std::ios::binary) {}

  template <class T>
  void value(const T& value) {
    out_.write(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  template <class T>
  void values(const std::vector<T>& values) {
    value(static_cast<std::uint64_t>(values.size()));
    out_.write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(values.size() * sizeof(T)));
  }
  bool finish() {
    out_.close();
    return bool(out_);
  }

 private:
  std::ofstream out_;
};

class Reader {
 public:
  explicit Reader(const std::filesystem::path& file) : in_(file, std::ios::binary) {}

  template <class T>
  void value(T& value) {
    in_.read(reinterpret_cast<char*>(&value), sizeof(T));
  }
  template <class T>
  void values(std::vector<T>& values) {
    std::uint64_t n = 0;
    value(n);
    if (!in_ || n > kValuesMax) {
      in_.setstate(std::ios::failbit);
      return;
    }
    values.resize(n);
    in_.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(n * sizeof(T)));
  }
  bool good() const { return bool(in_); }

 private:
  std::ifstream in_;
};

}  // namespace

Status Checkpoint::save(const std::filesystem::path& file) const {
  const std::filesystem::path beside = file.string() + ".new";
  Writer out(beside);
  out.value(kMagic);
  out.value(shape);
  out.value(step);
  out.value(tokens);
  out.values(dealt);
  out.values(weights);
  out.values(average);
  out.values(optimizer);
  std::error_code error;
  if (out.finish())
    std::filesystem::rename(beside, file, error);
  else
    error = std::make_error_code(std::errc::io_error);
  if (error) return fail(ErrorCode::StorageFailed, "cannot write " + file.string());
  return {};
}

Result<Checkpoint> Checkpoint::load(const std::filesystem::path& file) {
  Reader in(file);
  Checkpoint checkpoint;
  std::uint64_t magic = 0;
  in.value(magic);
  if (!in.good()) return fail(ErrorCode::NotFound, "cannot read " + file.string());
  in.value(checkpoint.shape);
  in.value(checkpoint.step);
  in.value(checkpoint.tokens);
  in.values(checkpoint.dealt);
  in.values(checkpoint.weights);
  in.values(checkpoint.average);
  in.values(checkpoint.optimizer);
  const bool fits =
      in.good() && magic == kMagic && checkpoint.shape.n_layers > 0 &&
      checkpoint.shape.n_layers < 1000 &&
      Layout(checkpoint.shape).size == static_cast<std::int64_t>(checkpoint.weights.size()) &&
      checkpoint.average.size() == checkpoint.weights.size();
  if (!fits) return fail(ErrorCode::CorruptData, file.string() + " is no checkpoint");
  return checkpoint;
}

}  // namespace train
