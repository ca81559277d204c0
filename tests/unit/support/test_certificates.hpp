// A certificate authority, a server's certificate for 127.0.0.1 and localhost, and a client's, made by the openssl
// program in a folder; good() is false where it is not installed.
#pragma once

#include <cstdlib>
#include <fstream>
#include <string>

namespace voipprobe::test {

class TestCertificates {
  public:
    explicit TestCertificates(std::string folder) : folder_(std::move(folder)) {
        std::ofstream(folder_ + "/names") << "subjectAltName=IP:127.0.0.1,DNS:localhost\n";
        good_ = authority("ca") && signed_by_ca("server") && signed_by_ca("client") && authority("other");
    }
    bool good() const { return good_; }
    std::string path(const std::string& name) const { return folder_ + "/" + name; }

  private:
    bool run(const std::string& arguments) const {
        return std::system(("cd '" + folder_ + "' && openssl " + arguments + " >/dev/null 2>&1").c_str()) == 0;
    }
    bool authority(const std::string& n) const {
        return run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" + n + " -keyout " + n + ".key -out " + n + ".pem");
    }
    bool signed_by_ca(const std::string& n) const {
        return run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + n + " -keyout " + n + ".key -out " + n + ".csr") &&
               run("x509 -req -in " + n + ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out " + n + ".pem");
    }
    std::string folder_;
    bool good_ = false;
};

}  // namespace voipprobe::test
