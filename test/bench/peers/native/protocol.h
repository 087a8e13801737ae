// The line protocol of the benchmark's C++ peers, fields apart by tabs: open GRAPH, in NAME DTYPE DIMS FILE, out NAME
// BYTES, run FILE (raw outputs, one after the other), time N (microseconds a call), flops; answered by one line, ok … or
// error ….
#pragma once
#include <chrono>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

struct Peer {
  virtual void open(const std::string& graph) = 0;
  virtual void input(const std::string& name, const std::string& dtype, const std::vector<int64_t>& dims,
                     const std::vector<char>& bytes) = 0;
  virtual void output(const std::string& name, size_t bytes) = 0;
  virtual void call() = 0;
  virtual void write(std::ostream& file) = 0;
  virtual double flops() { throw std::runtime_error("this peer does not count operations"); }
  virtual ~Peer() = default;
};

inline std::vector<std::string> split(const std::string& line, char separator) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, separator);) fields.push_back(field);
  return fields;
}

inline std::string answer(Peer& peer, const std::vector<std::string>& fields) {
  const auto& request = fields.at(0);
  if (request == "open") {
    peer.open(fields.at(1));
  } else if (request == "in") {
    std::vector<int64_t> dims;
    for (const auto& dim : split(fields.at(3), ',')) {
      if (dim != "-") dims.push_back(std::stoll(dim));
    }
    std::ifstream file(fields.at(4), std::ios::binary);
    peer.input(fields.at(1), fields.at(2), dims, {std::istreambuf_iterator<char>(file), {}});
  } else if (request == "out") {
    peer.output(fields.at(1), std::stoull(fields.at(2)));
  } else if (request == "run") {
    peer.call();
    std::ofstream file(fields.at(1), std::ios::binary);
    peer.write(file);
  } else if (request == "flops") {
    return std::to_string(peer.flops());
  } else if (request == "time") {
    const auto count = std::stoll(fields.at(1));
    const auto start = std::chrono::steady_clock::now();
    for (int64_t i = 0; i < count; i++) peer.call();
    const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - start;
    return std::to_string(taken.count() / count);
  } else {
    throw std::runtime_error("unknown request " + request);
  }
  return "";
}

inline int serve(Peer& peer) {
  for (std::string line; std::getline(std::cin, line);) {
    std::string text;
    try {
      text = "ok\t" + answer(peer, split(line, '\t'));
    } catch (const std::exception& error) {
      text = "error\t" + split(error.what(), '\n').at(0);
    }
    std::cout << text << std::endl;
  }
  return 0;
}
