// The functions of the IR tests, changed at random: what the verifier still accepts has to go
// through all passes, and become code for both CPUs (compile_text.h). PYSTON_FUZZ_SEED and
// PYSTON_FUZZ_COUNT choose the changes; tests/fuzz_ir does the same, guided by coverage.
#include "compile_text.h"
#include "mutate_hir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

namespace pyston::test {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> functionsOfIrTests() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(PYSTON_TESTS) / "ir"))
        if (entry.path().extension() == ".hir")
            files.push_back(entry.path());
    std::ranges::sort(files);
    std::vector<std::string> functions;
    for (const fs::path& path : files) {
        std::ifstream in(path);
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        const size_t separator = text.find("---\n");
        functions.push_back(text.substr(0, separator));
        functions.push_back(text.substr(separator + 4));
    }
    return functions;
}

uint32_t fromEnvironment(const char* name, uint32_t otherwise) {
    const char* value = std::getenv(name);
    return value ? static_cast<uint32_t>(std::atoi(value)) : otherwise;
}

TEST(MutatedHir, IsCompiledOrRejected) {
    const std::vector<std::string> functions = functionsOfIrTests();
    const uint32_t first = fromEnvironment("PYSTON_FUZZ_SEED", 1);
    const uint32_t count = fromEnvironment("PYSTON_FUZZ_COUNT", 300);
    uint32_t compiled = 0;
    for (uint32_t seed = first; seed < first + count; ++seed) {
        std::mt19937 random(seed);
        std::string text = functions[random() % functions.size()];
        // Changes on top of each other as long as the function is a valid one.
        for (uint32_t step = 0; step < 12; ++step) {
            std::string changed = fuzz::mutateHir(text, static_cast<uint32_t>(random()));
            const Verdict verdict = compileHirText(changed);
            if (verdict.kind == Verdict::kCompiled) {
                ++compiled;
                text = std::move(changed);
            } else if (verdict.kind == Verdict::kBroken) {
                ADD_FAILURE() << "seed " << seed << ": " << verdict.message << "\n" << changed;
                break;
            }
        }
    }
    // Most changes keep the rules, or this test is about the verifier only.
    EXPECT_GT(compiled, count * 4);
}

} // namespace
} // namespace pyston::test
