// A real nats-server with JetStream on a free loopback port, its store in a temporary folder. MILLRACE_NATS_SERVER
// names another program than the nats-server on the PATH.
#pragma once

#include <arpa/inet.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

extern char** environ;

namespace millrace::contract {

inline int free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(fd);
    if (!bound) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

// One nats-server process, killed with its folder at the end.
class NatsServer {
  public:
    NatsServer() : port_(free_port()) {
        std::string shape = (std::filesystem::temp_directory_path() / "millrace-contract-XXXXXX").string();
        if (::mkdtemp(shape.data()) == nullptr) throw std::runtime_error("no temporary folder");
        folder_ = shape;
    }
    ~NatsServer() {
        kill();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    NatsServer(const NatsServer&) = delete;
    NatsServer& operator=(const NatsServer&) = delete;

    // `more` is added to the server's configuration.
    void start(const std::string& more = "") {
        const auto config = folder_ / "server.conf";
        std::ofstream out(config);
        out << "listen: \"127.0.0.1:" << port_ << "\"\njetstream { store_dir: \"" << (folder_ / "store").string()
            << "\" }\n"
            << more;
        out.close();
        const std::string path = config.string();
        const std::string log = (folder_ / "server.log").string();
        const char* name = std::getenv("MILLRACE_NATS_SERVER");
        const std::string program = name != nullptr ? name : "nats-server";
        const char* arguments[] = {program.c_str(), "-c", path.c_str(), "-l", log.c_str(), nullptr};
        if (::posix_spawnp(&pid_, program.c_str(), nullptr, nullptr, const_cast<char**>(arguments), environ) != 0)
            throw std::runtime_error("cannot start " + program);
    }
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    [[nodiscard]] std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }

  private:
    int port_;
    pid_t pid_ = 0;
    std::filesystem::path folder_;
};

}  // namespace millrace::contract
