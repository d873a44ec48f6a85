// The functions of the IR tests, changed at random: what the verifier still accepts has to go
// through all passes, and become code for both CPUs (compile_text.h). PYSTON_FUZZ_SEED and
// PYSTON_FUZZ_COUNT choose the changes; tests/fuzz_ir does the same, guided by coverage.
#include "compile_text.h"
#include "mutate_hir.h"
#include "test_inputs.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace pyston::test {
namespace {

TEST(MutatedHir, IsCompiledOrRejected) {
    const std::vector<std::string> functions = functionsOfIrTests();
    const auto first = static_cast<uint32_t>(fromEnvironment("PYSTON_FUZZ_SEED", 1));
    const auto count = static_cast<uint32_t>(fromEnvironment("PYSTON_FUZZ_COUNT", 300));
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
