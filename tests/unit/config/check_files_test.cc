// SPDX-License-Identifier: Apache-2.0
//
// S38: missing files and loose keys are refused when the file is checked, before anything starts.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "host/config/load.h"

namespace meshhost {
namespace {

// A folder with a configuration and the files that it names; removed with the test.
class CheckFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "meshhost-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    for (const char* name : {"server.crt", "ca.crt", "m.so"}) Write(name, "x");
    Write("server.key", "x");
    SetMode("server.key", 0600);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  void SetMode(const std::string& name, mode_t mode) {
    ASSERT_EQ(chmod((folder_ / name).c_str(), mode), 0);
  }
  // What is wrong with the configuration, the folder's name shown as DIR.
  std::string Errors() {
    Write("test.toml", text_);
    std::string errors = FormatErrors(LoadConfig(folder_ / "test.toml").errors);
    for (std::size_t at; (at = errors.find(folder_.string())) != errors.npos;) {
      errors.replace(at, folder_.string().size(), "DIR");
    }
    return errors;
  }

  std::filesystem::path folder_;
  std::string text_ =
      "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:1\"\n[listener.tls]\n"
      "certificate = \"server.crt\"\nkey = \"server.key\"\nclient_auth = \"request\"\n"
      "client_ca = \"ca.crt\"\n[[module]]\nname = \"m\"\npath = \"m.so\"\n";
};

TEST_F(CheckFilesTest, FilesBesideTheConfigurationAreFound) { EXPECT_EQ(Errors(), ""); }

TEST_F(CheckFilesTest, EachMissingFileIsReportedAtItsKey) {
  for (const char* name : {"server.crt", "server.key", "ca.crt", "m.so"}) {
    std::filesystem::remove(folder_ / name);
  }
  EXPECT_EQ(Errors(),
            "DIR/test.toml:5:1: error: certificate of listener \"a\": cannot read "
            "\"DIR/server.crt\": No such file or directory\n"
            "DIR/test.toml:6:1: error: key of listener \"a\": cannot read \"DIR/server.key\": No "
            "such file or directory\n"
            "DIR/test.toml:8:1: error: client_ca of listener \"a\": cannot read \"DIR/ca.crt\": No "
            "such file or directory\n"
            "DIR/test.toml:11:1: error: module \"m\": cannot read \"DIR/m.so\": No such file or "
            "directory\n");
}

TEST_F(CheckFilesTest, S45_EachFileOfAListIsLookedFor) {
  const std::string key = "client_ca = \"ca.crt\"\n";
  text_.replace(text_.find(key), key.size(),
                "client_ca = [\"ca.crt\", \"b.crt\"]\nclient_crl = \"b.crl\"\n");
  EXPECT_EQ(Errors(),
            "DIR/test.toml:8:1: error: client_ca of listener \"a\": cannot read \"DIR/b.crt\": No "
            "such file or directory\n"
            "DIR/test.toml:9:1: error: client_crl of listener \"a\": cannot read \"DIR/b.crl\": No "
            "such file or directory\n");
}

TEST_F(CheckFilesTest, AFolderIsNoFile) {
  std::filesystem::remove(folder_ / "m.so");
  std::filesystem::create_directory(folder_ / "m.so");
  EXPECT_EQ(Errors(),
            "DIR/test.toml:11:1: error: module \"m\": cannot read \"DIR/m.so\": not a regular "
            "file\n");
}

TEST_F(CheckFilesTest, ADisabledModuleNeedsNoFile) {
  std::filesystem::remove(folder_ / "m.so");
  text_ += "enabled = false\n";
  EXPECT_EQ(Errors(), "");
}

TEST_F(CheckFilesTest, S38_AKeyThatOthersCanReadIsRefused) {
  SetMode("server.key", 0644);
  EXPECT_EQ(Errors(),
            "DIR/test.toml:6:1: error: key of listener \"a\": loose key mode of "
            "\"DIR/server.key\" (expected 0640 or stricter, got 0644); chmod 0600 "
            "DIR/server.key\n");
}

TEST_F(CheckFilesTest, S38_AKeyMayBeReadByItsGroup) {
  SetMode("server.key", 0640);
  EXPECT_EQ(Errors(), "");
}

TEST_F(CheckFilesTest, ALogFileNeedsItsFolder) {
  text_ += "[log]\noutput = \"file:logs/meshhost.log\"\n";
  EXPECT_EQ(Errors(), "DIR/test.toml:13:1: error: log.output: no folder \"DIR/logs\"\n");
  std::filesystem::create_directory(folder_ / "logs");
  EXPECT_EQ(Errors(), "");
}

TEST_F(CheckFilesTest, AMissingConfigurationIsAnErrorOfItsOwn) {
  const ConfigResult missing = LoadConfig(folder_ / "absent.toml");
  EXPECT_EQ(missing.config, nullptr);
  EXPECT_EQ(FormatErrors(missing.errors),
            (folder_ / "absent.toml").string() +
                ":1:1: error: cannot read the configuration: No such file or directory\n");
  EXPECT_EQ(FormatErrors(LoadConfig(folder_).errors),
            folder_.string() + ":1:1: error: cannot read the configuration: is a directory\n");
}

class CredentialTest : public CheckFilesTest {
 protected:
  void SetUp() override {
    CheckFilesTest::SetUp();
    std::filesystem::create_directory(folder_ / "credentials");
    setenv("CREDENTIALS_DIRECTORY", (folder_ / "credentials").c_str(), 1);
    Key("credential:tls-key");
  }
  void TearDown() override {
    unsetenv("CREDENTIALS_DIRECTORY");
    CheckFilesTest::TearDown();
  }
  void Key(const std::string& value) {
    text_ =
        "[[listener]]\nname = \"a\"\naddress = \"127.0.0.1:1\"\n[listener.tls]\n"
        "certificate = \"server.crt\"\nkey = \"" +
        value + "\"\n";
  }
};

TEST_F(CredentialTest, S79_ACredentialIsAFileInTheFolderOfTheServiceManager) {
  Write("credentials/tls-key", "x");
  SetMode("credentials/tls-key", 0400);
  EXPECT_EQ(Errors(), "");
}

TEST_F(CredentialTest, S79_OneThatWasNotPassedIsReportedWithItsPlace) {
  EXPECT_EQ(Errors(),
            "DIR/test.toml:6:1: error: key of listener \"a\": cannot read "
            "\"DIR/credentials/tls-key\": No such file or directory\n");
}

TEST_F(CredentialTest, S79_WithoutAServiceManagerTheErrorSaysWhatIsMissing) {
  unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_EQ(Errors(),
            "DIR/test.toml:6:1: error: listener.tls.key: no credentials were passed: "
            "CREDENTIALS_DIRECTORY is not set (LoadCredential=tls-key:PATH in the unit) (expected "
            "the path of a file, or \"credential:NAME\", got string \"credential:tls-key\")\n");
}

TEST_F(CredentialTest, S79_ANameIsNoPath) {
  for (const char* name : {"", ".", "..", "a/b", "../server.key"}) {
    Key(std::string("credential:") + name);
    EXPECT_NE(Errors().find("is not the name of a credential"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace meshhost
