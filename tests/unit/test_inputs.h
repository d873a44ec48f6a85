// What unit tests read: files below tests/, and numbers from the environment.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace pyston::test {

// In order of their paths, which are relative to tests/ here.
inline std::vector<std::filesystem::path> filesBelow(const std::string& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(
             std::filesystem::path(PYSTON_TESTS) / folder))
        if (entry.is_regular_file())
            files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

inline std::string read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// Both functions of each IR test: before the pass, and after it.
inline std::vector<std::string> functionsOfIrTests() {
    std::vector<std::string> functions;
    for (const std::filesystem::path& path : filesBelow("ir")) {
        if (path.extension() != ".hir")
            continue;
        const std::string text = read(path);
        const size_t separator = text.find("---\n");
        functions.push_back(text.substr(0, separator));
        functions.push_back(text.substr(separator + 4));
    }
    return functions;
}

inline int fromEnvironment(const char* name, int otherwise) {
    const char* value = std::getenv(name);
    return value ? std::atoi(value) : otherwise;
}

} // namespace pyston::test
