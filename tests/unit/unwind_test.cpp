// Walking through compiled frames, on the CPU that the test runs on.
#include "runtime/unwind.h"

#include "emit_fixture.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <unistd.h>
#include <unwind.h>

// gdb's view, see unwind.cpp.
extern "C" {
struct jit_code_entry {
    jit_code_entry *next_entry, *prev_entry;
    const char* symfile_addr;
    uint64_t symfile_size;
};
struct jit_descriptor {
    uint32_t version, action_flag;
    jit_code_entry *relevant_entry, *first_entry;
};
extern jit_descriptor __jit_debug_descriptor;
}

namespace pyston::test {
namespace {

std::vector<uintptr_t> backtrace;

uint64_t walk() {
    backtrace.clear();
    _Unwind_Backtrace(
        [](_Unwind_Context* context, void*) {
            backtrace.push_back(_Unwind_GetIP(context));
            return backtrace.size() < 50 ? _URC_NO_REASON : _URC_END_OF_STACK;
        },
        nullptr);
    return backtrace.size();
}

uint64_t throwInt() {
    throw 42;
}

class Unwind : public testing::Test {
  protected:
    void add(const Compiled& code, const char* name) {
        runtime::registerNativeCode(code.base(), code.code().bytes.size(), name,
                                    cpu::hostTarget().unwind, code.code().unwindInfo);
        registered_.push_back(code.base());
    }
    void TearDown() override {
        for (const uint8_t* base : registered_)
            runtime::unregisterNativeCode(base);
    }
    static bool within(uintptr_t ip, const Compiled& code) {
        const auto base = reinterpret_cast<uintptr_t>(code.base());
        return ip > base && ip <= base + code.code().bytes.size();
    }
    std::vector<const uint8_t*> registered_;
};

// A function that calls `callee`, using callee-saved registers and more of the frame.
std::string caller(uint64_t callee) {
    return "function \"t\" slots 0 outgoing 40\nb0: entry 0\n  v0 = LoadTstate\n"
           "  v1 = Load64 [v0]\n  v2 = Load64 [v0 + 8]\n  v3 = Call " +
           std::to_string(callee) + "\n  v4 = Add v1, v2\n  v5 = Add v4, v3\n  Ret v5\n";
}

std::map<int, Place> calleeSavedHomes() {
    const cpu::Target& target = cpu::hostTarget();
    uint64_t saved = target.gpAllocatable & ~target.gpCallerSaved;
    std::map<int, Place> homes;
    for (int v = 1; v <= 3; ++v) {
        homes[v] = reg(__builtin_ctzll(saved));
        saved &= saved - 1;
    }
    return homes;
}

TEST_F(Unwind, BacktraceGoesThrough) {
    Compiled inner(caller(reinterpret_cast<uint64_t>(&walk)), calleeSavedHomes());
    const uint64_t inputs[] = {1000, 2000};
    add(inner, "inner");
    const uint64_t plain = walk();
    const uint64_t depth = inner.call(inputs) - 3000;
    // walk(), the compiled function, Compiled::call (maybe inlined), then as before.
    EXPECT_GE(depth, plain + 1);
    ASSERT_GE(backtrace.size(), 2u);
    EXPECT_TRUE(std::any_of(backtrace.begin(), backtrace.end(),
                            [&](uintptr_t ip) { return within(ip, inner); }));
    EXPECT_FALSE(within(backtrace.back(), inner)); // it went on to the callers
}

TEST_F(Unwind, ExceptionsRestoreCalleeSavedRegisters) {
    Compiled thrower(caller(reinterpret_cast<uint64_t>(&throwInt)), calleeSavedHomes());
    add(thrower, "thrower");
    const uint64_t inputs[] = {1, 2};
    // Locals of a loop with calls live in callee-saved registers.
    uint64_t a = 11, b = 22, c = 33, d = 44, e = 55;
    int caught = 0;
    for (int i = 0; i < 5; ++i) {
        try {
            thrower.call(inputs);
        } catch (int value) {
            caught += value;
        }
        a += b, b += c, c += d, d += e, e += a;
        asm volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e));
    }
    EXPECT_EQ(caught, 5 * 42);
    uint64_t a2 = 11, b2 = 22, c2 = 33, d2 = 44, e2 = 55;
    for (int i = 0; i < 5; ++i)
        a2 += b2, b2 += c2, c2 += d2, d2 += e2, e2 += a2;
    EXPECT_EQ(std::vector<uint64_t>({a, b, c, d, e}), std::vector<uint64_t>({a2, b2, c2, d2, e2}));
}

TEST_F(Unwind, MemoryCanBeUsedAgain) {
    for (int round = 0; round < 20; ++round) {
        Compiled code(caller(reinterpret_cast<uint64_t>(&throwInt)),
                      round % 2 ? calleeSavedHomes() : std::map<int, Place>{});
        add(code, "again");
        const uint64_t inputs[] = {1, 2};
        EXPECT_THROW(code.call(inputs), int);
        runtime::unregisterNativeCode(code.base());
    }
    runtime::unregisterNativeCode(nullptr); // unknown: ignored
}

TEST_F(Unwind, GdbInterface) {
    Compiled before(caller(1)), after(caller(1));
    add(before, "first_function");
    runtime::enableGdbInterface();
    add(after, "second_function");
    auto contents = [] {
        std::vector<std::string> all;
        for (auto* entry = __jit_debug_descriptor.first_entry; entry; entry = entry->next_entry)
            all.emplace_back(entry->symfile_addr, entry->symfile_size);
        return all;
    };
    auto files = contents();
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(files[0].substr(0, 4), "\177ELF");
    EXPECT_NE(files[0].find("second_function"), std::string::npos);
    EXPECT_NE(files[1].find("first_function"), std::string::npos);
    EXPECT_EQ(__jit_debug_descriptor.action_flag, 1u);
    runtime::unregisterNativeCode(before.base());
    EXPECT_EQ(__jit_debug_descriptor.action_flag, 2u);
    files = contents();
    ASSERT_EQ(files.size(), 1u);
    EXPECT_NE(files[0].find("second_function"), std::string::npos);
}

TEST_F(Unwind, PerfMap) {
    Compiled before(caller(1)), after(caller(1));
    add(before, "py::before:file.py");
    runtime::enablePerfMap();
    add(after, "py::after:file.py");
    const std::string path = "/tmp/perf-" + std::to_string(getpid()) + ".map";
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    std::stringstream expected;
    for (auto [code, name] : {std::pair{&before, "before"}, {&after, "after"}})
        expected << std::hex << reinterpret_cast<uintptr_t>(code->base()) << " "
                 << code->code().bytes.size() << " py::" << name << ":file.py\n";
    EXPECT_EQ(text.str(), expected.str());
    unlink(path.c_str());
}

} // namespace
} // namespace pyston::test
