// The whole program as an object: storage, backends, families and the HTTP server, built in order
// and taken down in reverse.
#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "base/error.h"

namespace app {

// Lives in main's thread.
class Server {
 public:
  // Opens storage and models, makes the first keys, binds the port. Errors say what to do.
  static Result<std::unique_ptr<Server>> start(const Config& config);
  ~Server();

  std::string url() const;  // "http://127.0.0.1:8080"
  // A key that was made by this start, to be shown once; empty when there were keys already.
  const std::string& first_key() const;
  // The model of the printed example; empty when there is none.
  std::string example_model() const;
  // Lets running requests end, then stops.
  void stop();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace app
