// Random LIR, allocated, emitted and run on this machine, against the evaluator of LIR.
#include "emit_fixture.h"
#include "lir_evaluator.h"
#include "random_lir.h"

#include "regalloc/regalloc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace pyston {
namespace {

using lir::test::Evaluator;
using lir::test::RandomLir;
using lir::test::RunnableMemory;

using test::scratchRegisters;

uint64_t none() {
    scratchRegisters();
    return 12;
}
uint64_t three(uint64_t a, uint64_t b, uint64_t c) {
    uint64_t sum = a + 3 * b + 5 * c;
    scratchRegisters();
    return sum % 1001;
}
uint64_t sixAndTwo(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, double x,
                   double y) {
    uint64_t sum = a + 3 * b + 5 * c + 7 * d + 11 * e + 13 * f + (x < y);
    scratchRegisters();
    return sum;
}
uint64_t twoFloats(double x, double y) {
    uint64_t result = x <= y ? 5 : 6;
    scratchRegisters();
    return result;
}
double floatOfOne(uint64_t a) {
    double result = static_cast<double>(a % 64);
    scratchRegisters();
    return result;
}
double floatOfFloats(double x, double y) {
    double result = x > y ? 1.5 : -0.25;
    scratchRegisters();
    return result;
}

template<class F> int64_t addressOf(F* f) {
    return reinterpret_cast<int64_t>(f);
}

constexpr int kDoubles = 256;
constexpr int kPointer = 320;
using Memory = std::array<uint64_t, 64>;

RunnableMemory describe() {
    RunnableMemory memory;
    memory.doubles = kDoubles;
    memory.numDoubles = 8;
    memory.pointer = kPointer;
    memory.callees = {{addressOf(none), 0, 0},
                      {addressOf(three), 3, 0},
                      {addressOf(sixAndTwo), 6, 2},
                      {addressOf(twoFloats), 0, 2}};
    memory.floatCallees = {{addressOf(floatOfOne), 1, 0}, {addressOf(floatOfFloats), 0, 2}};
    return memory;
}

Memory initial(uint32_t seed) {
    Memory memory{};
    for (size_t i = 0; i < 32; ++i)
        memory[i] = (seed + i) * 0x9e3779b97f4a7c15ull >> (i % 3 ? 58 : 0);
    memory[0] = 2 + seed % 5; // the reference count
    for (size_t i = 0; i < 8; ++i)
        memory[kDoubles / 8 + i] =
            std::bit_cast<uint64_t>(static_cast<double>(seed % 17) + 0.5 * static_cast<double>(i));
    memory[kPointer / 8] = static_cast<uint64_t>(addressOf(three));
    return memory;
}

// Runs the function both ways; false if it does not end soon.
bool compareRuns(const lir::Function& fn, uint32_t seed) {
    Memory tstate = initial(seed);
    Memory frame = initial(seed + 1);
    const Memory tstateBefore = tstate;
    const Memory frameBefore = frame;
    Evaluator evaluator(fn, &tstate, &frame);
    Evaluator::Outcome expected;
    evaluator.serviceFails = seed % 2;
    try {
        expected = evaluator.run(0, 3000);
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "does not end");
        return false;
    }
    const Memory tstateAfter = std::exchange(tstate, tstateBefore);
    const Memory frameAfter = std::exchange(frame, frameBefore);

    const cpu::Target& target = cpu::hostTarget();
    regalloc::Allocation allocation = regalloc::allocate(fn, target);
    EXPECT_EQ(regalloc::check(fn, allocation, target), "");
    test::Compiled compiled(fn, allocation);
    test::observed.clear();
    test::observeFails = seed % 2;
    uint64_t result = compiled.call(&tstate, &frame);
    test::observeFails = 0;
    EXPECT_TRUE(std::ranges::equal(
        test::observed, evaluator.observed, [](const auto& native, const auto& evaluated) {
            return native.dead == evaluated.dead && native.slots == evaluated.slots;
        }));
    EXPECT_EQ(tstate, tstateAfter);
    EXPECT_EQ(frame, frameAfter);
    EXPECT_EQ(test::takenExit.taken, expected.exit != nullptr);
    if (!test::takenExit.taken) {
        EXPECT_EQ(result, expected.value);
        return true;
    }
    if (!expected.exit)
        return true;
    EXPECT_EQ(compiled.record().resumeOffset, expected.exit->resumeOffset);
    size_t location = 0;
    for (const auto* list :
         {&expected.exit->slots, &expected.exit->stack, &expected.exit->releases}) {
        for (const lir::ExitOperand& o : *list) {
            if (o.kind == lir::ExitOperand::kReg) {
                EXPECT_EQ(compiled.exitValue(location), evaluator.valueOf(o)) << "v" << o.reg;
            }
            ++location;
        }
    }
    return true;
}

TEST(RandomCode, RunsAsTheEvaluatorSays) {
    const RunnableMemory memory = describe();
    const char* wanted = std::getenv("PYSTON_FUZZ_ROUNDS");
    const int rounds = wanted ? std::atoi(wanted) : 1500;
    int ended = 0;
    for (int seed = 0; seed < rounds; ++seed) {
        auto fn = RandomLir(seed, {.runnable = &memory}).run();
        ASSERT_EQ(lir::verify(*fn), "") << seed;
        ended += compareRuns(*fn, seed);
        ASSERT_FALSE(HasFailure()) << "seed " << seed << "\n" << lir::print(*fn);
    }
    EXPECT_GT(ended, rounds / 3);
    RecordProperty("ended", ended);
    std::printf("%d of %d ended\n", ended, rounds);
}

} // namespace
} // namespace pyston
