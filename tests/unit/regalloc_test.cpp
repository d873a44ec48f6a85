#include "cpu/target.h"
#include "lir/lir.h"
#include "random_lir.h"
#include "regalloc/regalloc.h"
#include "test_inputs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>

namespace pyston::regalloc {
namespace {

using lir::Block;
using lir::Function;
using lir::Instr;
using lir::Opcode;
using lir::Operand;
using lir::RegClass;
using lir::VReg;
using lir::test::RandomLir;

cpu::Target makeTarget(const char* name, uint64_t gp, uint64_t gpCallerSaved, uint64_t fp,
                       uint64_t fpCallerSaved) {
    cpu::Target target{};
    target.name = name;
    target.gpAllocatable = gp;
    target.gpCallerSaved = gpCallerSaved;
    target.fpAllocatable = fp;
    target.fpCallerSaved = fpCallerSaved;
    target.gpScratch = target.fpScratch = 40;
    target.gpThreadState = 41;
    target.gpFrame = 42;
    static constexpr int kArguments[] = {7, 6, 2, 1, 8, 9, 3, 4}; // some can be allocated
    target.gpArguments = target.fpArguments = kArguments;
    return target;
}

// Register files like those of the real CPUs, and small ones that make everything scarce.
const cpu::Target kX86 = makeTarget("x86_64", 0x97cf, 0x07c7, 0x7fff, 0x7fff);
const cpu::Target kArm = makeTarget("aarch64", 0x07f8ffff, 0xffff, 0x7fffffff, 0x7fff00ff);
const cpu::Target kTiny = makeTarget("tiny", 0x7, 0x3, 0x3, 0x3);
const cpu::Target kSmall = makeTarget("small", 0xf, 0x3, 0x7, 0x3);

std::unique_ptr<Function> parsed(std::string_view text) {
    std::string error;
    auto fn = lir::parse(text, &error);
    EXPECT_TRUE(fn) << error;
    if (fn) {
        EXPECT_EQ(lir::verify(*fn), "");
    }
    return fn;
}

Allocation allocated(const Function& fn, const cpu::Target& target) {
    Allocation allocation = allocate(fn, target);
    EXPECT_EQ(check(fn, allocation, target), "") << target.name << "\n" << lir::print(fn);
    return allocation;
}

const InstrPlaces& at(const Allocation& a, int block, int instr) {
    return a.blocks[block].instrs[instr];
}

bool isReg(Place p) {
    return p.kind == Place::kRegister;
}

size_t countMoves(const Allocation& a) {
    size_t n = 0;
    for (const BlockPlaces& block : a.blocks) {
        n += block.atEnd.size();
        for (const InstrPlaces& instr : block.instrs)
            n += instr.before.size();
    }
    return n;
}

// Moves that run in each iteration of the given blocks.
size_t countMovesIn(const Allocation& a, std::initializer_list<int> blocks) {
    size_t n = 0;
    for (int b : blocks) {
        n += a.blocks[b].atEnd.size();
        for (const InstrPlaces& instr : a.blocks[b].instrs)
            n += instr.before.size();
    }
    return n;
}

TEST(RegAlloc, StraightLine) {
    auto fn = parsed(R"(function "f" slots 0 outgoing 0
b0: entry 0
  v0 = LoadFrame
  v1 = Load64 [v0 + 8]
  v2 = Add v1, 1
  v3 = Sub v2, v1
  Ret v3
)");
    for (const auto* target : {&kX86, &kArm, &kTiny}) {
        Allocation a = allocated(*fn, *target);
        EXPECT_EQ(a.numSpills, 0);
        EXPECT_EQ(countMoves(a), 0u);
        EXPECT_EQ(at(a, 0, 4).operands[0], at(a, 0, 3).result);
        // Two-address code without a copy where the first operand dies.
        EXPECT_EQ(at(a, 0, 3).operands[0], at(a, 0, 3).result);
    }
}

constexpr std::string_view kLoop = R"(function "loop" slots 1 outgoing 0
b0: entry 0
  v0 = LoadFrame
  v1 = Load64 [v0 + 8]
  v2 = LoadImm 0
  v3 = FLoadImm 0
  Jump b1(v2, v3)
b1(v4:g, v5:f): depth 1
  Branch.lt v4, v1, b2, b3
b2: depth 1
  v6 = IntToFloat v4
  v7 = FAdd v5, v6
  v8 = AddExit v4, 1 -> e0
  Jump b1(v8, v7)
b3:
  v9 = FloatBits v5
  Ret v9
exit e0: guard op 1 resume 2 instr 2
  slots v4 int64
  stack v7 double
  releases
)";

TEST(RegAlloc, LoopStaysInRegisters) {
    auto fn = parsed(kLoop);
    for (const auto* target : {&kX86, &kArm}) {
        Allocation a = allocated(*fn, *target);
        EXPECT_EQ(a.numSpills, 0);
        EXPECT_EQ(countMovesIn(a, {1, 3}), 0u);
        // v8 cannot share the register of v4, which its exit needs; the sum needs no move.
        EXPECT_LE(countMovesIn(a, {2}), 1u);
        EXPECT_NE(at(a, 2, 2).result, at(a, 2, 2).exitSlots[0]);
    }
}

TEST(RegAlloc, ExitValuesDoNotShareTheResult) {
    auto fn = parsed(R"(function "f" slots 2 outgoing 0
b0: entry 0
  v0 = LoadFrame
  v1 = Load64 [v0 + 8]
  v2 = AddExit v1, v0 -> e0
  v3 = NegExit v2 -> e1
  Ret v3
exit e0: guard op 1 resume 2 instr 2
  slots v1 int64, v0 object
  stack
  releases v0 object
exit e1: guard op 1 resume 2 instr 2
  slots null, frame
  stack const 5 int64
  releases
)");
    for (const auto* target : {&kX86, &kArm, &kTiny}) {
        Allocation a = allocated(*fn, *target);
        const InstrPlaces& add = at(a, 0, 2);
        EXPECT_NE(add.result, add.exitSlots[0]);
        EXPECT_NE(add.result, add.exitSlots[1]);
        EXPECT_NE(add.result, add.operands[1]);
        EXPECT_EQ(at(a, 0, 3).operands[0], at(a, 0, 3).result);
        EXPECT_EQ(at(a, 0, 3).exitSlots[0].kind, Place::kNone);
    }
}

TEST(RegAlloc, ValuesAcrossCallsAreInCalleeSavedRegisters) {
    auto fn = parsed(R"(function "f" slots 0 outgoing 0
b0: entry 0
  v0 = LoadFrame
  v1 = Load64 [v0 + 8]
  v2 = FLoad [v0 + 16]
  v3 = Call 4096, v1, v0, v2
  v4 = FAdd v2, v2
  v5 = FloatBits v4
  v6 = Add v3, v1
  v7 = Add v6, v5
  Ret v7
)");
    Allocation a = allocated(*fn, kX86);
    Place kept = at(a, 0, 6).operands[1];
    EXPECT_TRUE(isReg(kept) && !(kX86.gpCallerSaved >> kept.index & 1));
    // No float register survives a call on x86-64: one store, one load.
    EXPECT_EQ(a.numSpills, 1);
    EXPECT_EQ(countMoves(a), 2u);
    a = allocated(*fn, kArm);
    EXPECT_EQ(a.numSpills, 0);
    EXPECT_EQ(countMoves(a), 0u);
    allocated(*fn, kTiny);
}

TEST(RegAlloc, CallArgumentsNeedNoRegister) {
    std::string text = "function \"f\" slots 0 outgoing 0\nb0: entry 0\n  v0 = LoadFrame\n";
    for (int i = 1; i <= 6; ++i)
        text += "  v" + std::to_string(i) + " = Load64 [v0 + " + std::to_string(8 * i) + "]\n";
    text += "  v7 = Call 4096, v1, v2, v3, v4, v5, v6\n  Ret v7\n";
    auto fn = parsed(text);
    Allocation a = allocated(*fn, kTiny);
    // Stored where they are defined, never reloaded.
    EXPECT_LE(countMoves(a), 6u);
    EXPECT_GT(a.numSpills, 0);
    a = allocated(*fn, kX86);
    EXPECT_EQ(countMoves(a), 0u);
}

// Where the call wants them, if that can be allocated and is free.
TEST(RegAlloc, ArgumentsAreMadeInTheirRegisters) {
    auto fn = parsed(R"(function "f" slots 0 outgoing 0
b0: entry 0
  v0 = LoadFrame
  v1 = FLoad [v0 + 8]
  v2 = Load64 [v0 + 16]
  v3 = Load64 [v0 + 24]
  v4 = Load64 [v0 + 32]
  v5 = Call 4096, v4, v1, v3, v2
  Ret v5
)");
    for (const auto* target : {&cpu::x86_64(), &cpu::aarch64()}) {
        const Allocation a = allocated(*fn, *target);
        const auto& operands = at(a, 0, 5).operands;
        for (int i : {1, 3, 4}) {
            const int wanted = target->gpArguments[i == 1 ? 0 : i - 2];
            EXPECT_EQ(operands[i].index, wanted) << i;
        }
        EXPECT_EQ(operands[2].index, target->fpArguments[0]);
    }
}

TEST(RegAlloc, ColdCallsSaveWhatLives) {
    auto fn = parsed(R"(function "f" slots 0 outgoing 0
b0: entry 0
  v0 = LoadFrame
  v1 = Load64 [v0 + 8]
  v2 = FLoad [v0 + 16]
  v3 = Load64 [v0 + 24]
  Decref v1
  v4 = ColdCall.eq v3, 4096, v3, v2
  v5 = FloatBits v2
  v6 = Add v4, v5
  v7 = Add v6, v0
  Ret v7
)");
    Allocation a = allocated(*fn, kX86);
    EXPECT_EQ(a.numSpills, 0);
    EXPECT_EQ(countMoves(a), 0u);
    const InstrPlaces& decref = at(a, 0, 4);
    uint64_t expected = uint64_t{1} << at(a, 0, 3).result.index;
    expected |= uint64_t{1} << at(a, 0, 0).result.index;
    EXPECT_EQ(decref.liveGpAcross, expected & kX86.gpCallerSaved);
    EXPECT_EQ(decref.liveFpAcross, uint64_t{1} << at(a, 0, 2).result.index);
    const InstrPlaces& cold = at(a, 0, 5);
    EXPECT_FALSE(cold.liveGpAcross >> cold.result.index & 1);
    EXPECT_EQ(cold.liveGpAcross, uint64_t{1} << at(a, 0, 0).result.index & kX86.gpCallerSaved);
    EXPECT_NE(cold.operands[2], cold.result);
}

TEST(RegAlloc, LoopValuesWinOverThoseLiveThroughIt) {
    // On x86-64 six values are live through the loop and unused in it; two are used across a call.
    std::string text = "function \"f\" slots 0 outgoing 0\nb0: entry 0\n  v0 = LoadFrame\n";
    for (int i = 1; i <= 8; ++i)
        text += "  v" + std::to_string(i) + " = Load64 [v0 + " + std::to_string(8 * i) + "]\n";
    text += R"(  v9 = LoadImm 0
  Jump b1(v9, v9)
b1(v10:g, v11:g): depth 1
  v12 = Call 4096, v10
  v13 = Add v11, v12
  v14 = Add v10, 1
  Branch.lt v14, v8, b2, b3
b2: depth 1
  Jump b1(v14, v13)
b3:
  v20 = Add v13, v1
  v21 = Add v20, v2
  v22 = Add v21, v3
  v23 = Add v22, v4
  v24 = Add v23, v5
  v25 = Add v24, v6
  v26 = Add v25, v7
  Ret v26
)";
    auto fn = parsed(text);
    Allocation a = allocated(*fn, kX86);
    EXPECT_GT(a.numSpills, 0);
    EXPECT_EQ(countMovesIn(a, {1, 2}), 0u) << "loads or stores in the loop";
}

TEST(RegAlloc, ColdPathsPayForTheirCalls) {
    // The call on the rare path clobbers; the frequent path keeps its registers and does not store.
    auto fn = parsed(R"(function "f" slots 0 outgoing 0
b0: entry 0
  v0 = LoadFrame
  v1 = FLoad [v0 + 8]
  v2 = Load64 [v0 + 16]
  v3 = LoadImm 0
  Jump b1(v3, v1)
b1(v4:g, v5:f): depth 1
  v6 = FAdd v5, v5
  Branch.eq v4, v2, b2, b3
b2: cold depth 1
  Call 4096, v4
  Jump b4
b3: depth 1
  Jump b4
b4: depth 1
  v7 = FMul v5, v6
  v8 = Add v4, 1
  Branch.lt v8, v2, b5, b6
b5: depth 1
  Jump b1(v8, v7)
b6:
  v9 = FloatBits v7
  Ret v9
)");
    Allocation a = allocated(*fn, kX86);
    EXPECT_EQ(countMovesIn(a, {1, 3, 4, 5}), 0u);
    EXPECT_GT(countMovesIn(a, {2}), 0u);
}

TEST(RegAlloc, HighPressureReloadsOncePerUse) {
    std::string text = "function \"f\" slots 0 outgoing 0\nb0: entry 0\n  v0 = LoadFrame\n";
    int n = 30;
    for (int i = 1; i <= n; ++i) {
        text += "  v" + std::to_string(i) + " = Load64 [v0 + " + std::to_string(8 * i) + "]\n";
        text += "  v" + std::to_string(100 + i) + " = FLoad [v0 + " + std::to_string(8 * i) + "]\n";
    }
    for (int i = 1; i <= n; ++i) {
        text += "  Store64 [v0 - " + std::to_string(8 * i) + "], v" + std::to_string(i) + "\n";
        text += "  FStore [v0 - " + std::to_string(8 * i) + "], v" + std::to_string(100 + i) + "\n";
    }
    text += "  Ret v0\n";
    auto fn = parsed(text);
    for (const auto* target : {&kX86, &kArm, &kTiny, &kSmall}) {
        Allocation a = allocated(*fn, *target);
        EXPECT_LE(countMoves(a), static_cast<size_t>(4 * n) + 2) << target->name;
        EXPECT_LE(a.numSpills, 2 * n + 1);
    }
}

TEST(RegAlloc, SpillSlotsAreShared) {
    std::string text = "function \"f\" slots 0 outgoing 0\nb0: entry 0\n";
    for (int i = 0; i < 20; ++i) {
        text += "  v" + std::to_string(2 * i) + " = FLoadImm " + std::to_string(i) + "\n";
        text += "  v" + std::to_string(2 * i + 1) + " = Call 4096\n";
        text += "  FStore [v" + std::to_string(2 * i + 1) + "], v" + std::to_string(2 * i) + "\n";
    }
    text += "  Ret v1\n";
    auto fn = parsed(text);
    EXPECT_EQ(allocated(*fn, kX86).numSpills, 1);
}

TEST(RegAlloc, SpilledParametersStayInTheirSlots) {
    // v2, then v4 or v2, then v5: in memory over the calls, without a move between slots.
    auto fn = parsed(R"(function "f" slots 0 outgoing 0
b0: entry 0
  v0 = LoadFrame
  v1 = Load64 [v0 + 8]
  v2 = FLoad [v0 + 16]
  Call 4096, v1
  Branch.eq v1, 0, b1, b2
b2:
  Jump b3(v2)
b1:
  v4 = FLoad [v0 + 24]
  Call 4096, v1
  Jump b3(v4)
b3(v5:f):
  Call 4096, v1
  v6 = FloatBits v5
  Ret v6
)");
    Allocation a = allocated(*fn, cpu::x86_64());
    EXPECT_EQ(a.numSpills, 1);
    EXPECT_EQ(countMoves(a), 3u); // two stores, one load
}

// Say, a function of that many parameters which calls another.
TEST(RegAlloc, MoreValuesInMemoryThanSlotsCanBeNumbered) {
    Function fn;
    fn.name = "t";
    Block* block = fn.newBlock();
    block->entryOffset = 0;
    std::vector<VReg> values;
    const auto append = [&](Opcode op, std::vector<Operand> operands) {
        Instr instr;
        instr.op = op;
        instr.operands = std::move(operands);
        if (instr.info().result != lir::ResultKind::kNone)
            instr.result = fn.newReg(RegClass::kInt);
        block->instrs.push_back(instr);
        return instr.result;
    };
    const VReg base = append(Opcode::kLoadTstate, {});
    for (int i = 0; i < 33'000; ++i)
        values.push_back(append(Opcode::kLoad64, {Operand::r(base)}));
    append(Opcode::kCall, {Operand::i(4096)});
    for (const VReg value : values)
        append(Opcode::kIncref, {Operand::r(value)});
    append(Opcode::kRet, {Operand::r(base)});
    ASSERT_EQ(verify(fn), "");
    for (const auto* target : {&cpu::x86_64(), &cpu::aarch64()})
        EXPECT_NE(allocate(fn, *target).failure, "");
}

TEST(RegAlloc, ParametersThatSwap) {
    auto fn = parsed(R"(function "f" slots 0 outgoing 0
b0: entry 0
  v0 = LoadImm 1
  v1 = LoadImm 2
  v2 = LoadImm 3
  v3 = FLoadImm 4
  v4 = FLoadImm 5
  Jump b1(v0, v1, v2, v3, v4)
b1(v5:g, v6:g, v7:g, v8:f, v9:f): depth 1
  Branch.lt v5, v6, b2, b3
b2: depth 1
  Jump b1(v7, v5, v6, v9, v8)
b3:
  v10 = FloatBits v8
  v11 = Add v10, v7
  Ret v11
)");
    for (const auto* target : {&kX86, &kArm, &kTiny})
        allocated(*fn, *target);
    EXPECT_EQ(allocated(*fn, kX86).blocks[2].atEnd.size(), 5u);
}

TEST(RegAlloc, ManyParameters) {
    std::string text = "function \"f\" slots 0 outgoing 0\nb0: entry 0\n";
    std::string args, params, rotated;
    int n = 40;
    for (int i = 0; i < n; ++i) {
        text += "  v" + std::to_string(i) + " = LoadImm " + std::to_string(i) + "\n";
        args += (i ? ", v" : "v") + std::to_string(i);
        params += (i ? ", v" : "v") + std::to_string(100 + i) + ":g";
        rotated += (i ? ", v" : "v") + std::to_string(100 + (i + 7) % n);
    }
    text += "  Jump b1(" + args + ")\nb1(" + params + "): depth 1\n" +
            "  Branch.lt v100, v101, b2, b3\nb2: depth 1\n  Jump b1(" + rotated +
            ")\nb3:\n  Ret v139\n";
    auto fn = parsed(text);
    for (const auto* target : {&kX86, &kArm, &kTiny})
        allocated(*fn, *target);
}

TEST(RegAlloc, CheckFindsWrongAllocations) {
    auto fn = parsed(kLoop);
    const Allocation good = allocated(*fn, kX86);
    Allocation bad = allocated(*fn, kX86);
    bad.blocks[2].instrs[1].operands[0].index ^= 1;
    EXPECT_NE(check(*fn, bad, kX86), "");
    bad = allocated(*fn, kX86);
    bad.blocks[2].instrs[2].result = bad.blocks[2].instrs[2].exitSlots[0];
    EXPECT_NE(check(*fn, bad, kX86), "");
    bad = allocated(*fn, kX86);
    bad.blocks[2].instrs[2].exitSlots[0] = {Place::kSpill, 0};
    EXPECT_NE(check(*fn, bad, kX86), "");
    bad = allocated(*fn, kX86);
    bad.blocks[2].instrs[0].before.push_back(
        {RegClass::kInt, at(good, 0, 1).result, at(good, 0, 2).result});
    EXPECT_NE(check(*fn, bad, kX86), "");
    bad = allocated(*fn, kX86);
    ASSERT_FALSE(good.blocks[2].atEnd.empty());
    bad.blocks[2].atEnd.clear();
    EXPECT_NE(check(*fn, bad, kX86), "");
}

void expectAllocated(const Function& fn, std::initializer_list<const cpu::Target*> targets,
                     int seed) {
    ASSERT_EQ(lir::verify(fn), "") << seed;
    for (const auto* target : targets) {
        Allocation a = allocate(fn, *target);
        ASSERT_EQ(check(fn, a, *target), "") << "seed " << seed << " on " << target->name << "\n"
                                             << lir::print(fn);
    }
}

// PYSTON_FUZZ_SEED and PYSTON_FUZZ_ROUNDS choose the functions, here and below.
TEST(RegAllocFuzz, RandomFunctions) {
    const int first = test::fromEnvironment("PYSTON_FUZZ_SEED", 0);
    const int rounds = test::fromEnvironment("PYSTON_FUZZ_ROUNDS", 600);
    for (int seed = first; seed < first + rounds; ++seed) {
        expectAllocated(*RandomLir(seed, {.fewRegisters = true}).run(),
                        {&kTiny, &kSmall, &cpu::x86_64(), &cpu::aarch64()}, seed);
        expectAllocated(*RandomLir(seed, {}).run(),
                        {&kSmall, &kArm, &cpu::x86_64(), &cpu::aarch64()}, seed);
    }
}

// More values live at a time than either CPU has registers, through loops and calls.
TEST(RegAllocFuzz, LargeFunctionsOfHighPressure) {
    const int first = test::fromEnvironment("PYSTON_FUZZ_SEED", 0);
    const int rounds = std::max(1, test::fromEnvironment("PYSTON_FUZZ_ROUNDS", 600) / 100);
    int mostSpills = 0;
    for (int seed = first; seed < first + rounds; ++seed) {
        const auto fn = RandomLir(seed, {.large = true}).run();
        expectAllocated(*fn, {&kSmall, &cpu::x86_64(), &cpu::aarch64()}, seed);
        mostSpills = std::max(mostSpills, allocate(*fn, cpu::aarch64()).numSpills);
    }
    EXPECT_GT(mostSpills, 20);
}

TEST(RegAllocFuzz, TextRoundTrip) {
    for (int seed = 0; seed < 200; ++seed) {
        auto fn = RandomLir(seed, {}).run();
        std::string text = lir::print(*fn);
        std::string error;
        auto again = lir::parse(text, &error);
        ASSERT_TRUE(again) << error;
        ASSERT_EQ(lir::print(*again), text);
        ASSERT_EQ(lir::verify(*again), "");
    }
}

// A large function: `blocks` diamonds in loops, with values that live through everything.
std::unique_ptr<Function> largeFunction(int blocks, int perBlock, int longLived) {
    auto fn = std::make_unique<Function>();
    std::mt19937 random(3);
    Block* entry = fn->newBlock();
    entry->entryOffset = 0;
    fn->exits.emplace_back();
    auto add = [&](Block* b, Opcode op, std::vector<Operand> operands) {
        Instr instr;
        instr.op = op;
        instr.operands = std::move(operands);
        if (instr.has(lir::kExit))
            instr.exit = 0;
        if (instr.info().result != lir::ResultKind::kNone)
            instr.result = fn->newReg(RegClass::kInt);
        b->instrs.push_back(instr);
        return instr.result;
    };
    std::vector<VReg> values;
    for (int i = 0; i < longLived; ++i)
        values.push_back(add(entry, Opcode::kLoadImm, {Operand::i(i)}));
    for (int i = 0; i < 8; ++i) {
        lir::ExitOperand o;
        o.kind = lir::ExitOperand::kReg;
        o.reg = values[i];
        fn->exits[0].stack.push_back(o);
    }
    Block* block = entry;
    auto jumpTo = [&](Block* from, Block* to) {
        add(from, Opcode::kJump, {});
        from->instrs.back().targets[0] = to;
    };
    for (int i = 0; i < blocks; i += 4) {
        Block* head = fn->newBlock();
        Block* left = fn->newBlock();
        Block* right = fn->newBlock();
        Block* next = fn->newBlock();
        jumpTo(block, head);
        head->loopDepth = left->loopDepth = 1;
        for (Block* b : {head, left, right, next}) {
            std::vector<VReg> local = {values[random() % values.size()]};
            for (int k = 0; k < perBlock; ++k) {
                VReg a =
                    random() % 4
                        ? local[local.size() - 1 - random() % std::min<size_t>(local.size(), 8)]
                        : values[random() % values.size()];
                VReg c = local[random() % local.size()];
                int kind = static_cast<int>(random() % 20);
                local.push_back(kind == 0 ? add(b, Opcode::kCall, {Operand::i(64), Operand::r(a)})
                                : kind < 10
                                    ? add(b, Opcode::kAddExit, {Operand::r(a), Operand::r(c)})
                                    : add(b, Opcode::kSub, {Operand::r(a), Operand::r(c)}));
            }
        }
        add(head, Opcode::kBranch, {Operand::r(values[0]), Operand::i(0)});
        head->instrs.back().targets[0] = left;
        head->instrs.back().targets[1] = right;
        jumpTo(left, head);
        jumpTo(right, next);
        block = next;
    }
    add(block, Opcode::kRet, {Operand::r(values[0])});
    fn->computePreds();
    return fn;
}

TEST(RegAlloc, LargeFunctionsTakeLinearTime) {
    for (int longLived : {10, 300}) {
        auto fn = largeFunction(200, 100, longLived);
        ASSERT_EQ(lir::verify(*fn), "");
        for (const auto* target : {&cpu::x86_64(), &cpu::aarch64()}) {
            double best = 1e9;
            Allocation a;
            for (int i = 0; i < 3; ++i) {
                std::clock_t begin = std::clock(); // of this process only
                a = allocate(*fn, *target);
                best = std::min(best,
                                1e3 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
            }
            EXPECT_EQ(check(*fn, a, *target), "");
            RecordProperty(std::string(target->name) + std::to_string(longLived),
                           std::to_string(best));
            std::printf("%s, %d long-lived: %.1f ms, %zu moves, %d slots\n", target->name,
                        longLived, best, countMoves(a), a.numSpills);
            EXPECT_LT(best, 400.0); // generous: sanitizers, shared machines
        }
    }
}

} // namespace
} // namespace pyston::regalloc
