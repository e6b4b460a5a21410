// One value per type, carried along with a request: what middleware learnt (the caller, its limits)
// for the handler to read. http does not know the types.
#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace http {

class Attachments {
 public:
  // Replaces the value of this type, if there was one.
  template <class T>
  T& attach(T value) {
    auto holder = std::make_unique<Holder<T>>(std::move(value));
    T& stored = holder->value;
    for (auto& [key, slot] : slots_) {
      if (key == key_of<T>()) {
        slot = std::move(holder);
        return stored;
      }
    }
    slots_.emplace_back(key_of<T>(), std::move(holder));
    return stored;
  }

  // nullptr when nothing of this type was attached.
  template <class T>
  T* find() const {
    for (const auto& [key, slot] : slots_) {
      if (key == key_of<T>()) return &static_cast<Holder<T>*>(slot.get())->value;
    }
    return nullptr;
  }

 private:
  struct Slot {
    virtual ~Slot() = default;
  };
  template <class T>
  struct Holder final : Slot {
    explicit Holder(T v) : value(std::move(v)) {}
    T value;
  };
  // The address of a variable per type identifies the type.
  template <class T>
  static const void* key_of() {
    static const char key = 0;
    return &key;
  }

  std::vector<std::pair<const void*, std::unique_ptr<Slot>>> slots_;
};

}  // namespace http
