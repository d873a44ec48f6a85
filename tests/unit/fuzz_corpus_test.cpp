// Inputs for which the fuzzers (tests/fuzz_ir) found the compiler's contract broken, made small,
// and the IR tests' functions: no clang is needed to run them again.
#include "compile_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace pyston::test {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> filesBelow(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file())
            files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

template<typename Compile> void expectContract(const std::string& text, const Compile& compile) {
    const auto start = std::chrono::steady_clock::now();
    const Verdict verdict = compile(text);
    EXPECT_NE(verdict.kind, Verdict::kBroken) << verdict.message;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(FuzzCorpus, Hir) {
    for (const fs::path& path : filesBelow(fs::path(PYSTON_TESTS) / "fuzz_ir/corpus/hir")) {
        SCOPED_TRACE(path);
        expectContract(read(path), compileHirText);
    }
}

TEST(FuzzCorpus, Lir) {
    for (const fs::path& path : filesBelow(fs::path(PYSTON_TESTS) / "fuzz_ir/corpus/lir")) {
        SCOPED_TRACE(path);
        expectContract(read(path), compileLirText);
    }
}

// A rule of the verifier that functions of the compiler broke would be wrong itself.
TEST(FuzzCorpus, IrTestsAreCompiled) {
    for (const fs::path& path : filesBelow(fs::path(PYSTON_TESTS) / "ir")) {
        if (path.extension() != ".hir")
            continue;
        SCOPED_TRACE(path);
        const std::string text = read(path);
        const size_t separator = text.find("---\n");
        for (const std::string& part : {text.substr(0, separator), text.substr(separator + 4)}) {
            const Verdict verdict = compileHirText(part);
            EXPECT_EQ(verdict.kind, Verdict::kCompiled) << verdict.message;
        }
    }
}

} // namespace
} // namespace pyston::test
