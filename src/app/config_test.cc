#include "app/config.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace {

Status apply_text(app::Config& config, const std::string& text) {
  const std::string path = testing::TempDir() + "/parlance_config_test.toml";
  std::ofstream(path) << text;
  auto status = app::apply_file(config, path);
  std::remove(path.c_str());
  return status;
}

TEST(Config, ReadsEverySettingOfTheFile) {
  app::Config config;
  ASSERT_TRUE(apply_text(
      config, "log_level = 'debug'\n[server]\nport = 9000\ncors_origins = ['*', 'http://a']\n"));
  EXPECT_EQ(config.server.port, 9000);
  EXPECT_EQ(config.server.cors_origins, (std::vector<std::string>{"*", "http://a"}));
}

TEST(Config, NamesLineAndSettingOfAMistake) {
  app::Config config;
  EXPECT_NE(apply_text(config, "\n[server]\nprot = 1\n")
                .error()
                .message.find("line 3: there is no setting 'server.prot'"),
            std::string::npos);
  EXPECT_NE(apply_text(config, "[server]\nport = 70000\n")
                .error()
                .message.find("from 0 to 65535, not '70000'"),
            std::string::npos);
}

TEST(Config, AssignmentsNeedAKnownName) {
  app::Config config;
  EXPECT_TRUE(app::apply_assignment(config, "engine.threads=2"));
  EXPECT_EQ(config.engine.threads, 2);
  EXPECT_FALSE(app::apply_assignment(config, "engine.treads=2"));
}

TEST(Config, TheReferenceIsAValidFile) {
  std::string uncommented;
  std::string reference = app::config_reference();
  for (std::size_t at = 0; at < reference.size();) {
    const auto end = reference.find('\n', at);
    std::string line = reference.substr(at, end - at);
    if (line.starts_with("# ") && line.find(" = ") != line.npos) line = line.substr(2);
    uncommented += line + "\n";
    at = end + 1;
  }
  app::Config config;
  EXPECT_TRUE(apply_text(config, uncommented));
}

}  // namespace
