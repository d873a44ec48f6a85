// Inputs for which the fuzzers (tests/fuzz_ir) found the compiler's contract broken, made small,
// and the IR tests' functions: no clang is needed to run them again.
#include "compile_text.h"
#include "test_inputs.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

namespace pyston::test {
namespace {

namespace fs = std::filesystem;

template<typename Compile> void expectContract(const std::string& text, const Compile& compile) {
    const auto start = std::chrono::steady_clock::now();
    const Verdict verdict = compile(text);
    EXPECT_NE(verdict.kind, Verdict::kBroken) << verdict.message;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(FuzzCorpus, Hir) {
    for (const fs::path& path : filesBelow("fuzz_ir/corpus/hir")) {
        SCOPED_TRACE(path);
        expectContract(read(path), compileHirText);
    }
}

TEST(FuzzCorpus, Lir) {
    for (const fs::path& path : filesBelow("fuzz_ir/corpus/lir")) {
        SCOPED_TRACE(path);
        expectContract(read(path), compileLirText);
    }
}

// A rule of the verifier that functions of the compiler broke would be wrong itself.
TEST(FuzzCorpus, IrTestsAreCompiled) {
    for (const std::string& text : functionsOfIrTests()) {
        const Verdict verdict = compileHirText(text);
        EXPECT_EQ(verdict.kind, Verdict::kCompiled) << verdict.message << "\n" << text;
    }
}

} // namespace
} // namespace pyston::test
